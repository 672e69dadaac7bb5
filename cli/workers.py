"""`flask worker`: makes workbooks without serving pages, where several processes share a PostgreSQL database."""

from __future__ import annotations

import os
import signal

import click

from cli.common import Refused, command_settings, open_database
from exports.worker import ExportWorker


@click.command()
def worker() -> None:
    """Make the workbooks that are asked for, until stopped (Ctrl-C or SIGTERM). What is being made then is taken up by another.

    Only with PostgreSQL, and on any computer that has the same instance folder. Server processes go on making them too.
    """
    settings = command_settings()
    if settings.is_sqlite:
        raise Refused(
            "On SQLite the server makes the workbooks itself. Remedy: make run, or DATABASE_URL=postgresql://..."
        )
    os.umask(0o077)
    with open_database(settings, read_only=False) as database:
        maker = ExportWorker(database, settings)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: maker.stop())
        click.echo("Waiting for workbooks to make.")
        maker.run()
