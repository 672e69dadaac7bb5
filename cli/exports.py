"""`flask export`: the workbook without a browser. It only reads, also while the server runs."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

import click
from tqdm import tqdm

from cli.common import Refused, command_settings, open_database
from cli.verify import verify
from exports.formats import FORMATS
from exports.settings import FILE_FORMATS, PRESETS, SECRETARIAT, WORKBOOK, BadSettings, ExportSettings
from exports.source import ExportError, read_source
from exports.topics import REPORTS
from languages import LANGUAGES
from models.states import REGIONS
from services.permissions import NotFound

PROBLEMS = {
    "unknown_language": "The language {word} is none of the six.",
    "unknown_preset": "The preset {word} is unknown.",
    "one_state": "The preset {word} is for one State: name it with --state.",
    "unknown_region": "The regional group {word} is unknown.",
    "unknown_format": "The kind of file {word} is unknown.",
    "unknown_question": "The questionnaire has no question {word}.",
    "no_zone": "The moment {word} names no zone.",
    "bad_parameters": "The parameters are not those of an export. {word}",
}
"""What is wrong with the parameters, by code."""


@click.group("export", invoke_without_command=True)
@click.pass_context
@click.option("--cycle", "cycle_id", default="latest", show_default=True, help="Id of the round of reporting.")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option(
    "--preset", type=click.Choice(PRESETS), default=SECRETARIAT, show_default=True, help="Who the file is for."
)
@click.option("--state", "states", multiple=True, metavar="CODE", help="Only this State (may be repeated).")
@click.option("--region", "regions", multiple=True, type=click.Choice(REGIONS), help="Only this regional group.")
@click.option("--question", "questions", multiple=True, metavar="ID", help="Only this question, such as op13d.")
@click.option("--report", type=click.Choice([one for one in REPORTS if one]), help="Only what bears on it.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(FILE_FORMATS),
    default=WORKBOOK,
    show_default=True,
    help="The kind of file.",
)
@click.option("--as-at", type=click.DateTime(), help="Submissions up to this moment (UTC), with today's visibility.")
@click.option("--recipient", default="", help="Who gets the file; stands on the cover.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
def export_command(
    context: click.Context, cycle_id: str, language: str, out: Path | None, preset: str, states: tuple[str, ...],
    regions: tuple[str, ...], questions: tuple[str, ...], report: str | None, file_format: str, as_at: datetime | None,
    recipient: str,
) -> None:  # fmt: skip
    """Write the workbook of a round of reporting, or the same as data files: the latest submitted answers of all States.

    `verify` checks a workbook.

    The presets reviewers and public hold only what States have opened, with small counts of persons withheld.

    The file is there whole or not at all; one of the same name is replaced. Only its owner may read it.
    """
    if context.invoked_subcommand is not None:
        return
    if out is None:
        raise click.UsageError("Missing option '--out'.", context)
    settings = command_settings()
    try:
        moment = as_at.replace(tzinfo=UTC) if as_at else None
        asked = ExportSettings(
            language,
            preset,
            tuple(code.upper() for code in states),
            regions,
            questions,
            report=report or "",
            file_format=file_format,
            recipient=recipient,
            as_at=moment,
        )
    except BadSettings as error:
        raise Refused(PROBLEMS[error.code].format(word=error.word)) from None
    scratch = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        with (
            open_database(settings) as database,
            read_source(database, cycle_id, asked, evidence_folder=settings.evidence_folder) as source,
        ):
            total = sum(state.seal is not None for state in source.states)
            handle = os.open(scratch, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w+b") as file, tqdm(total=total, desc=f"{out.name}", unit=" States") as bar:
                write = FORMATS[asked.file_format].write
                made = write(file, source, language, rehearsal=settings.rehearsal, progress=bar.update)
        scratch.replace(out)
    except NotFound as error:
        missing = str(error.args[0]) if error.args else cycle_id
        what = "round of reporting" if missing == cycle_id else "reporting State"
        raise Refused(f"There is no {what} {missing}.") from None
    except BadSettings as error:
        raise Refused(PROBLEMS[error.code].format(word=error.word)) from None
    except (ExportError, OSError) as error:
        raise Refused(f"The workbook was not made: {error}") from None
    finally:
        scratch.unlink(missing_ok=True)
    rows = sum(count.written for count in made.counts)
    click.echo(f"{out}: {total} States, {rows} rows, as at {made.as_at:%Y-%m-%d %H:%M} UTC, {made.issues} issues.")
    click.echo(f"Export number: {made.number}")
    click.echo(f"Fingerprint of the facts: {made.facts_sha256}")


export_command.add_command(verify)
