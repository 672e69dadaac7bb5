"""`flask instrument export-texts`, `import-texts`, `adopt-texts` and `report`: a translator's way of working without code."""

from __future__ import annotations

import io
import json
import os
import secrets
from pathlib import Path

import click

from cli.common import QUESTIONNAIRE, Refused
from exports.source import ExportError
from exports.texts_workbook import write_texts_workbook
from exports.texts_xliff import xliff_text
from imports.texts_workbook import read_texts_workbook
from imports.texts_xliff import read_texts_xliff
from instruments.catalog import SHIPPED
from instruments.check import folder_of
from instruments.loader import InstrumentError
from instruments.report import make_report
from instruments.text_checks import read_same_as_english
from instruments.text_files import write_files
from instruments.text_import import Delivery, import_delivery, rows_for
from instruments.translation import State, TextFolder, adopt, count, read_folder
from languages import LANGUAGES

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, path_type=Path)
LARGEST_FILE = 20_000_000
MOST_SHOWN = 20


def _read(folder: Path) -> TextFolder:
    try:
        return read_folder(folder_of(folder))
    except InstrumentError as error:
        raise Refused("\n".join(error.problems)) from None


@click.command("export-texts")
@click.argument("folder", type=QUESTIONNAIRE, default=SHIPPED)
@click.option("--language", type=click.Choice(LANGUAGES), required=True)
@click.option("--format", "form", type=click.Choice(("xlsx", "xliff")), default="xlsx", show_default=True)
@click.option("--out", type=OUT, required=True, help="The file to write; one of the same name is replaced.")
def export_texts(folder: Path, language: str, form: str, out: Path) -> None:
    """Write the texts of one language for its translator: as a workbook, or as XLIFF 1.2 for a translation program.

    In it stands everything that is translated into the language: the questionnaire in FOLDER (default: the shipped one) and
    the program's own texts for item types.
    """
    texts = _read(folder)
    rows = rows_for(texts, language)
    scratch = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        if form == "xlsx":
            target = io.BytesIO()
            write_texts_workbook(target, texts.instrument, language, rows)
            content = target.getvalue()
        else:
            content = xliff_text(texts.instrument, language, rows).encode("utf-8")
        scratch.write_bytes(content)
        os.replace(scratch, out)  # noqa: PTH105
    except (ExportError, OSError) as error:
        raise Refused(f"The file was not made: {error}") from None
    finally:
        scratch.unlink(missing_ok=True)
    states = [row.entry.state for row in rows]
    numbers = ", ".join(f"{states.count(state)} {state.value}" for state in State if state in states)
    click.echo(f"{out}: {len(rows)} texts in {language} ({numbers}).")


@click.command("import-texts")
@click.argument("file", type=FILE)
@click.argument("folder", type=QUESTIONNAIRE, default=SHIPPED)
@click.option("--dry-run", is_flag=True, help="Check and say what would change; write nothing.")
def import_texts(file: Path, folder: Path, dry_run: bool) -> None:
    """Take over a translator's workbook or XLIFF file into the text files of FOLDER and of the program.

    All or nothing: with one problem nothing is written, and every problem is named with its row or line.
    """
    texts = _read(folder)
    try:
        outcome = import_delivery(texts, _read_delivery(file), read_same_as_english())
        if outcome.problems:
            number = len(outcome.problems)
            raise Refused("\n".join((
                *outcome.problems,
                f"Nothing was changed: {number} problem{'s' if number > 1 else ''} in {file.name}.",
            )))  # fmt: skip
        if not dry_run:
            write_files(outcome.files)
    except InstrumentError as error:
        raise Refused("\n".join(error.problems)) from None
    except OSError as error:
        raise Refused(f"Nothing was changed: the text files cannot be written ({error}).") from None
    for name, what in list(outcome.changes.items())[:MOST_SHOWN]:
        click.echo(f"{what:<10} {name}")
    if len(outcome.changes) > MOST_SHOWN:
        click.echo(f"… and {len(outcome.changes) - MOST_SHOWN} more")
    for note in outcome.notes:
        click.echo(f"note: {note}")
    number = len(outcome.changes)
    what = f"{number} text{'' if number == 1 else 's'}" if number else "No text"
    click.echo(f"{what} {'would be changed' if dry_run else 'changed'}.")
    if number and not dry_run:
        click.echo("What is published keeps its texts: publish the next version to show the new ones.")


def _read_delivery(file: Path) -> Delivery:
    if file.stat().st_size > LARGEST_FILE:
        return Delivery(problems=[f"The file is larger than {LARGEST_FILE} bytes. Export the texts again."])
    with file.open("rb") as opened:
        begin = opened.read(64)
    if begin.startswith(b"PK"):
        return read_texts_workbook(file)
    if begin.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<"):
        return read_texts_xliff(file)
    return Delivery(
        problems=["The file is neither a workbook (.xlsx) nor XLIFF. Save it in the format it was exported in."]
    )


@click.command("adopt-texts")
@click.argument("folder", type=QUESTIONNAIRE, default=SHIPPED)
@click.option("--language", "languages", type=click.Choice(LANGUAGES), multiple=True, help="Default: all.")
@click.option("--stale", is_flag=True, help="Also translations whose source has changed: somebody has looked at them.")
def adopt_texts(folder: Path, languages: tuple[str, ...], stale: bool) -> None:
    """Note for translations typed into the text files that they are of the source as it is now; put the files in order."""
    texts = _read(folder)
    chosen = languages or LANGUAGES
    contents = adopt(texts, chosen, stale=stale)
    try:
        write_files(contents)
    except OSError as error:
        raise Refused(f"Nothing was changed: the text files cannot be written ({error}).") from None
    for path in contents:
        click.echo(f"written    {path}")
    left = {language: len(count(texts.entries(language)).stale) for language in chosen}
    for language, number in left.items():
        if number:
            click.echo(f"{language}: {number} stale. Translate them again, or give --stale when they still fit.")
    click.echo(f"{len(contents)} file{'' if len(contents) == 1 else 's'} changed.")


@click.command()
@click.argument("folder", type=QUESTIONNAIRE, default=SHIPPED)
@click.option("--language", "languages", type=click.Choice(LANGUAGES), multiple=True, help="Default: all.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def report(folder: Path, languages: tuple[str, ...], as_json: bool) -> None:
    """Say what the questionnaire holds and how far each language is; exit 1 when a text is missing, stale or wrong."""
    try:
        made = make_report(folder_of(folder), languages or LANGUAGES)
    except InstrumentError as error:
        raise Refused("\n".join(error.problems)) from None
    click.echo(json.dumps(made.as_json(), ensure_ascii=False, indent=1) if as_json else "\n".join(made.lines()))
    if not made.is_complete:
        raise click.exceptions.Exit(1)
