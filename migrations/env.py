"""Runs migrations on the application's own engine: one real transaction each, on SQLite with foreign keys off."""

from alembic import context

from models.database import Database
from models.tables import metadata

database: Database = context.config.attributes["database"]

with database.exclusively(), database.engine.connect() as connection:
    if database.is_sqlite:
        # Rebuilding a parent table with foreign keys on would delete its children; and the pragma only works outside a transaction.
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.execute("PRAGMA foreign_keys=OFF")
    else:
        raw = None
    try:
        context.configure(
            connection=connection, target_metadata=metadata, render_as_batch=database.is_sqlite,
            transactional_ddl=True, transaction_per_migration=True,
        )  # fmt: skip
        with context.begin_transaction():
            context.run_migrations()
        if database.is_sqlite:
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise RuntimeError(f"foreign keys broken by the migration: {broken[:5]}")
    finally:
        if raw is not None:
            connection.rollback()
            raw.execute("PRAGMA foreign_keys=ON")
