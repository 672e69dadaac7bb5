"""The sentences of a verification: what was checked, what differs, why a file is not read; by the codes that stay the same."""

from __future__ import annotations

from exports.shape import Gettext
from imports.findings import Difference


def check_words(_: Gettext) -> dict[str, str]:
    """What each check compares."""
    return {
        "rows": _("Rows of every sheet: those that the cover states and those that are there"),
        "columns": _("Columns of every sheet, against the published list"),
        "facts": _("Fingerprint of the facts, computed from the file alone"),
        "number": _("Export number, computed from the cover"),
        "answers": _("Every fact, against the answers that States submitted"),
        "submissions": _("Fingerprint of the submissions, against the database"),
        "instrument": _("Fingerprint of the questionnaire, against the database"),
        "sheets": _("Every other cell, against the same workbook made again"),
        "database": _("What the file is made of"),
    }


def difference_words(_: Gettext) -> dict[str, str]:
    """What differs, by code."""
    return {
        "rows_due": _("For %(column)s the cover states %(said)s rows written, but %(due)s due."),
        "rows_written": _("For %(column)s the cover states %(said)s rows; there are %(due)s."),
        "sheet_gone": _("The cover names this sheet; the file does not have it."),
        "columns": _("The column “%(said)s” stands where “%(due)s” should be."),
        "no_heads": _("The row with the ids of the columns is missing."),
        "facts_sha256": _("The cover states the fingerprint %(said)s; the facts of the file give %(due)s."),
        "export_number": _("The cover states the export number %(said)s; what it says of the export gives %(due)s."),
        "fact_altered": _("Altered: the file says “%(said)s”, the State submitted “%(due)s” (%(column)s)."),
        "fact_missing": _("Missing after this row: “%(due)s”."),
        "fact_added": _("Added: no State submitted “%(said)s” here."),
        "fact_order": _("Nothing is missing here, but from this row on the order was changed."),
        "fact_closed": _(
            "The State has closed this paragraph since the file was made; facts in the file: %(said)s. Do not pass the file on."
        ),
        "facts_other": _("The cover states the fingerprint %(said)s; what States submitted gives %(due)s."),
        "submission_altered": _(
            "The submission %(said)s in the database differs from its fingerprint: it was altered there. Its facts were not compared."
        ),
        "too_different": _("So many rows differ that they are not named one by one."),
        "submissions_sha256": _(
            "The cover states the fingerprint %(said)s; the submissions that the database has up to that moment give %(due)s."
        ),
        "instrument_sha256": _(
            "The cover states the fingerprint %(said)s; the questionnaire of the round has %(due)s."
        ),
        "cover_altered": _("The file says “%(said)s”, the database gives “%(due)s” (%(column)s)."),
        "row_altered": _("The file says “%(said)s”, the same workbook made again says “%(due)s” (%(column)s)."),
        "row_missing": _("A row is missing after this one: “%(due)s”."),
        "row_added": _("This row is not in the same workbook made again: “%(said)s”."),
        "row_order": _("Nothing is missing here, but from this row on the order was changed."),
        "sheet_added": _("This sheet is not in the same workbook made again."),
        "sheet_missing": _("This sheet is missing."),
        "sheet_differs": _("So many rows differ that they are not named one by one."),
        "unknown_cycle": _("The database does not have the round or the State that the cover names: %(said)s."),
        "parameters": _("The parameters of the export cannot be read from the cover."),
        "not_stated": _("The cover lacks %(column)s, without which the file cannot be compared with the database."),
    }


def sentence(_: Gettext, difference: Difference, around: tuple[str, str] = ("", "")) -> str:
    """One difference in words, without the place; `around` stands before and after each value."""
    given = {"said": difference.said, "due": difference.due, "column": difference.column}
    values = {name: f"{around[0]}{value or '–'}{around[1]}" for name, value in given.items()}
    return difference_words(_)[difference.code] % values


def remark_words(_: Gettext) -> dict[str, str]:
    """What is no difference, but worth knowing."""
    return {
        "offline": _("Only what the file says of itself was checked; the database was not asked."),
        "other_version": _(
            "The file has version %(about)s of the columns, which is not this program’s. Columns and other cells were not compared."
        ),
        "sheets_not_compared": _(
            "The other cells were not compared, because a submission in the database was altered."
        ),
        "not_compared": _("The sheet %(about)s has no rows of its own and was not compared."),
        "state_since": _("%(about)s is not in the file. It has submitted nothing; it may have joined the round since."),
        "days_from_1904": _("A program has changed how the file counts days, so its other cells were not compared."),
    }


def refusal_words(_: Gettext) -> dict[str, str]:
    """Why a workbook is not read, and what helps."""
    return {
        "no_file": _("Choose a file first."),
        "too_large": _("The file is larger than this page reads. The command flask export verify reads larger ones."),
        "not_a_workbook": _("This is not a workbook of Excel (.xlsx), whatever its name says."),
        "not_an_export": _("This is a workbook, but none that was exported here: its cover is missing."),
        "old_format": _("This is a workbook of the old kind (.xls), or one with a password. Save it as .xlsx without a password."),
        "encrypted": _("The file is protected with a password. Save it without one."),
        "damaged": _("The file is damaged or not complete. Get it once more from where it came from."),
        "unpacks_too_large": _("The file unpacks to far more than a workbook of this kind holds, and was not read."),
        "too_much": _("The file is built in a way that no spreadsheet program does, and was not read."),
        "too_much_work": _("Reading the file took more time or memory than it may, and was ended."),
        "document_type": _("The file defines words of its own (a document type), which can do harm, and was not read."),
        "macros": _("The file holds macros, which can do harm, and was not read. An export never has any."),
        "external_links": _("The file draws on other files or addresses, and was not read. An export never does."),
        "embedded_objects": _("Other files are embedded in this one, and it was not read. An export never has any."),
    }  # fmt: skip
