"""`flask export`: the workbook without a browser. It only reads, also while the server runs."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click
from tqdm import tqdm

from cli.common import Refused, command_settings, open_database
from exports.source import ExportError, read_source
from exports.workbook import write_workbook
from languages import LANGUAGES
from services.permissions import NotFound


@click.command("export")
@click.option("--cycle", "cycle_id", default="latest", show_default=True, help="Id of the round of reporting.")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write.")
def export_command(cycle_id: str, language: str, out: Path) -> None:
    """Write the workbook of a round of reporting: the latest submitted answers of all States.

    The file is there whole or not at all; one of the same name is replaced. Only its owner may read it.
    """
    settings = command_settings()
    scratch = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        with open_database(settings) as database, read_source(database, cycle_id) as source:
            total = sum(state.seal is not None for state in source.states)
            handle = os.open(scratch, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w+b") as file, tqdm(total=total, desc=f"{out.name}", unit=" States") as bar:
                report = write_workbook(file, source, language, rehearsal=settings.rehearsal, progress=bar.update)
        scratch.replace(out)
    except NotFound:
        raise Refused(f"There is no round of reporting {cycle_id}.") from None
    except (ExportError, OSError) as error:
        raise Refused(f"The workbook was not made: {error}") from None
    finally:
        scratch.unlink(missing_ok=True)
    rows = sum(count.written for count in report.counts)
    click.echo(f"{out}: {total} States, {rows} rows, as at {report.as_at:%Y-%m-%d %H:%M} UTC, {report.issues} issues.")
    click.echo(f"Fingerprint of the facts: {report.facts_sha256}")
