"""The database schema: made and changed by Alembic migrations only."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from models.database import Database

MIGRATIONS = Path(__file__).parent.parent / "migrations"


class UnknownSchema(RuntimeError):
    """The database was made by a version of the application that this one does not know."""


def _config(database: Database) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["database"] = database
    return config


def current_revision(database: Database) -> str | None:
    """The revision the database stands at; None for an empty database."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """The revision this version of the application needs."""
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert head is not None
    return head


def is_known(revision: str) -> bool:
    """Whether this version of the application has the revision."""
    return revision in {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}


def upgrade(database: Database, revision: str = "head") -> bool:
    """Bring the schema to `revision`; True if anything was done. Raises UnknownSchema for a database of a later version."""
    current = current_revision(database)
    if current is not None and not is_known(current):
        raise UnknownSchema(
            f"The database is at revision {current}, which this version does not know. "
            "Remedy: run the version that made it, or restore the backup taken before it."
        )
    if revision == "head" and current == newest_revision():
        return False
    command.upgrade(_config(database), revision)
    return True


def downgrade(database: Database, revision: str) -> None:
    """Take the schema back to `revision` (`base` for empty)."""
    command.downgrade(_config(database), revision)


def make_revision(database: Database, message: str) -> Any:
    """Write a migration from the difference between models and database (for maintainers)."""
    return command.revision(_config(database), message=message, autogenerate=True)
