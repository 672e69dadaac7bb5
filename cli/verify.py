"""`flask export verify`: whether a workbook is still what was exported. It only reads, also while the server runs."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import click
from tqdm import tqdm

from cli.common import Refused, command_settings, open_database
from exports.source import ExportError
from imports.findings import Difference, Report
from imports.verify import OWN, verify_file
from imports.verify_words import check_words, refusal_words, remark_words, sentence
from imports.workbook_file import UnreadableWorkbook


class NotVerified(click.ClickException):
    """A file that cannot be read, or a database that cannot be asked: one line on stderr, exit code 2."""

    exit_code = 2


@click.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--offline", is_flag=True, help="Check only what the file says of itself, without the database.")
def verify(file: Path, offline: bool) -> None:
    """Verify an exported workbook: recompute what its cover states, from the file and from the database.

    Exit code 0: everything agrees. 1: it does not; each difference is one line. 2: the file cannot be read.
    """
    try:
        with ExitStack() as stack:
            settings = None if offline else command_settings()
            database = stack.enter_context(open_database(settings)) if settings else None
            book = stack.enter_context(file.open("rb"))
            bar = stack.enter_context(tqdm(desc=file.name, unit=" rows", leave=False, disable=not sys.stderr.isatty()))
            report = verify_file(
                book, database, OWN, rehearsal=bool(settings and settings.rehearsal), progress=bar.update
            )  # fmt: skip
    except UnreadableWorkbook as error:
        about = f" ({error.about})" if error.about else ""
        raise NotVerified(f"{refusal_words(str)[error.code]} [{error.code}]{about}") from None
    except Refused as error:
        raise NotVerified(error.message) from None
    except (ExportError, OSError) as error:
        raise NotVerified(f"The workbook was not verified: {error}") from None
    tell(file.name, report)
    raise SystemExit(0 if report.is_equal else 1)


def tell(name: str, report: Report) -> None:
    """Print the report: each difference, what is worth knowing, each check, and the sum."""
    for difference in report.differences:
        click.echo(f"{place(difference)}: {sentence(str, difference)}")
    if report.total > len(report.differences):
        click.echo(f"… and {report.total - len(report.differences)} more.")
    for code, about in report.remarks:
        click.echo(f"Note: {remark_words(str)[code] % {'about': about}}")
    for check in report.checks:
        outcome = f"{check.differences} differences" if check.differences else "agrees"
        click.echo(f"{check_words(str)[check.code]}: {check.compared} compared, {outcome}.")
    number = report.said.get("export_number", "")
    end = "everything that was checked agrees" if report.is_equal else f"{report.total} differences"
    click.echo(f"{name}, export {number}: {end}.")


def place(difference: Difference) -> str:
    """Where a difference stands: sheet, row, State, item."""
    where = [difference.sheet] if difference.sheet else []
    where += [f"row {difference.row}"] if difference.row else []
    where += [" ".join(filter(None, (difference.state, difference.item)))]
    return ", ".join(filter(None, where)) or "Database"
