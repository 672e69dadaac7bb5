"""The database schema: made and changed by Alembic migrations only.

Alembic itself is imported only where it works: every start asks which revision stands, and it takes a third of a second.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect

from models.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent.parent / "migrations"

_HEAD = re.compile(r"^(revision|down_revision)(?::[^=]+)? = (?:None|['\"](.+)['\"])$", re.MULTILINE)


class UnknownSchema(RuntimeError):
    """The database was made by a version of the application that this one does not know."""


def _config(database: Database) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["database"] = database
    return config


def _revisions() -> dict[str, str]:
    """Every revision of the migration files with the one before it, empty for the first."""
    revisions = {}
    for path in sorted((MIGRATIONS / "versions").glob("*.py")):
        names = dict(_HEAD.findall(path.read_text(encoding="utf-8")))
        revisions[names["revision"]] = names["down_revision"]
    return revisions


def current_revision(database: Database) -> str | None:
    """The revision the database stands at; None for an empty database."""
    with database.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        return None if revision is None else str(revision)


def newest_revision() -> str:
    """The revision this version of the application needs: the one that no other comes after."""
    revisions = _revisions()
    (newest,) = revisions.keys() - set(revisions.values())
    return newest


def is_known(revision: str) -> bool:
    """Whether this version of the application has the revision."""
    return revision in _revisions()


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
    from alembic import command

    command.upgrade(_config(database), revision)
    return True


def downgrade(database: Database, revision: str) -> None:
    """Take the schema back to `revision` (`base` for empty)."""
    from alembic import command

    command.downgrade(_config(database), revision)


def make_revision(database: Database, message: str) -> Any:
    """Write a migration from the difference between models and database (for maintainers)."""
    from alembic import command

    return command.revision(_config(database), message=message, autogenerate=True)
