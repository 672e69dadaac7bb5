"""Migrations: they make exactly what the models say, go up and down, and fail wholly or not at all."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from sqlmodel import select

from models import schema
from models.database import Database
from models.responses import NationalResponse
from models.schema import UnknownSchema, current_revision, downgrade, is_known, newest_revision, upgrade
from models.states import ReportingState
from models.tables import metadata
from tests.builders import make_cycle, make_response, make_state

ROOT = Path(__file__).parents[2]


def differences(database: Database) -> list[object]:
    """What a new migration would change, were one made now."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, metadata))


def tables(database: Database) -> dict[str, set[str]]:
    """The tables with their columns."""
    with database.engine.connect() as connection:
        found = inspect(connection)
        return {name: {column["name"] for column in found.get_columns(name)} for name in found.get_table_names()}


def test_the_migrations_make_exactly_what_the_models_say(database: Database) -> None:
    assert differences(database) == []
    assert set(tables(database)) == {*metadata.tables, "alembic_version"}


def test_every_migration_goes_down_and_up_again(database: Database) -> None:
    downgrade(database, "base")
    assert set(tables(database)) == {"alembic_version"}
    assert current_revision(database) is None
    assert upgrade(database)
    assert differences(database) == []
    assert current_revision(database) == newest_revision()


def test_upgrading_what_is_up_to_date_does_nothing(database: Database) -> None:
    assert not upgrade(database)


def test_an_empty_database_has_no_revision(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    assert current_revision(database) is None
    assert upgrade(database)
    database.close()


def test_the_newest_revision_is_the_one_that_alembic_finds() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert newest_revision() == scripts.get_current_head()
    assert all(is_known(script.revision) for script in scripts.walk_revisions())


def test_a_database_of_a_later_version_is_refused_with_the_remedy(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    before = tables(database)
    with pytest.raises(UnknownSchema, match=r"revision 9999.*Remedy: run the version that made it"):
        upgrade(database)
    assert current_revision(database) == "9999"
    assert tables(database) == before


NEXT = """
import os, signal
import sqlalchemy as sa
from alembic import op

revision = "0900"
down_revision = "{head}"


def upgrade() -> None:
    op.create_table("later", sa.Column("id", sa.Integer(), primary_key=True))
    with op.batch_alter_table("reporting_state"{recreate}) as table:
        table.add_column(sa.Column("later", sa.String(), nullable=False, server_default=""))
    {ending}


def downgrade() -> None:
    with op.batch_alter_table("reporting_state") as table:
        table.drop_column("later")
    op.drop_table("later")
"""


def add_migration(folder: Path, ending: str, recreate: str = "") -> Path:
    """A copy of the migrations with one more, which ends as given."""
    copy = folder / "migrations"
    shutil.copytree(schema.MIGRATIONS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    text = NEXT.format(head=newest_revision(), ending=ending, recreate=recreate)
    (copy / "versions" / "0900_later.py").write_text(text, encoding="utf-8")
    return copy


def test_a_migration_that_fails_at_its_last_step_leaves_the_old_schema(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables(database)
    head = newest_revision()
    monkeypatch.setattr(schema, "MIGRATIONS", add_migration(tmp_path, 'raise RuntimeError("half-way")'))
    with pytest.raises(RuntimeError, match="half-way"):
        upgrade(database)
    assert tables(database) == before
    assert current_revision(database) == head
    with database.transaction() as session:
        make_state(session)


def test_a_migration_killed_at_its_last_step_leaves_the_old_schema(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables(sqlite_database)
    head = newest_revision()
    copy = add_migration(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)")
    program = (
        "import sys\nfrom pathlib import Path\nfrom models import schema\nfrom models.database import Database\n"
        "schema.MIGRATIONS = Path(sys.argv[1])\nschema.upgrade(Database(sys.argv[2]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(copy), sqlite_database.url], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert tables(sqlite_database) == before
    assert current_revision(sqlite_database) == head
    monkeypatch.setattr(schema, "MIGRATIONS", copy)
    assert newest_revision() == "0900"


def test_rebuilding_a_table_keeps_the_rows_that_refer_to_it_and_foreign_keys_are_on_again(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        make_response(session, make_cycle(session), make_state(session))
    recreate = ', recreate="always"' if database.is_sqlite else ""
    monkeypatch.setattr(schema, "MIGRATIONS", add_migration(tmp_path, "pass", recreate))
    assert upgrade(database)
    with database.reading() as session:
        assert len(session.exec(select(NationalResponse)).all()) == 1
        assert session.exec(select(ReportingState.id)).all() == ["XAA"]
    assert "later" in tables(database)["reporting_state"]
    if database.is_sqlite:
        assert database.check_pragmas()["foreign_keys"] == 1
    downgrade(database, "-1")
    assert differences(database) == []
