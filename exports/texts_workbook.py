"""A language of a questionnaire as a workbook for its translator: one row a text, everything as text, nothing hidden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, NamedTuple

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from exports.cells import TEXT_LIMIT, clean, has_escape, units
from exports.heights import lines_needed
from exports.sheets import TALLEST
from exports.source import ExportError
from instruments.schema import Instrument
from instruments.text_import import Row, source_digest
from instruments.translation import ENGLISH_NAMES, State
from languages import LANGUAGE_NAMES, direction

TEXTS, ABOUT = "Texts", "About"
KEY, WHERE, SOURCE_LANGUAGE, SOURCE, TRANSLATION, STATE, REVIEWED, COMMENT, CHECK = (
    "Key", "Where it is shown", "Source language", "Source text", "Translation", "State", "Reviewed", "Comment", "Check",
)  # fmt: skip
INSTRUMENT, VERSION, LANGUAGE, DIGEST = "Instrument", "Version", "Language", "Digest of the source"
YES = "yes"
ABOUT_WIDTH = 110
LINE_HEIGHT = 15.0

STATE_WORDS: dict[State, str] = {
    State.MISSING: "missing", State.STALE: "stale", State.UNREVIEWED: "not reviewed",
    State.REVIEWED: "reviewed", State.OPTIONAL: "not needed",
}  # fmt: skip

HOW_TO_WORK = (
    "Write in the columns Translation, Reviewed and Comment of the sheet Texts. The other columns are protected without a "
    "password; leave them as they are. Rows may be filtered, sorted or left out.",
    "The source text is English, the working language; the words of the resolution are in the language of the resolution.",
    "Placeholders such as %(name)s stand in the translation exactly as in the source text; numbers or names take their place.",
    "“stale” means that the source text has changed since it was translated: correct the translation, or, where it still "
    "fits, write yes under Reviewed.",
    "Reviewed: write yes when a person other than the machine or the first translator has read the translation against its "
    "source. The mark goes by itself when the source or the translation changes later.",
    "“not needed”: leave it empty unless the language prints something of its own there. A translation of the words of the "
    "resolution is shown as an unofficial one.",
    "Texts whose key begins with engine: belong to the program and serve every questionnaire.",
    "Comments are not taken over. Give the file back as .xlsx: flask instrument import-texts FILE checks it and names every "
    "problem with its row; with a problem nothing is changed.",
)


class _Column(NamedTuple):
    name: str
    width: int
    open: bool = False


COLUMNS = (
    _Column(KEY, 30), _Column(WHERE, 26), _Column(SOURCE_LANGUAGE, 11), _Column(SOURCE, 60), _Column(TRANSLATION, 60, True),
    _Column(STATE, 15), _Column(REVIEWED, 10, True), _Column(COMMENT, 30, True), _Column(CHECK, 34),
)  # fmt: skip

_EDGE = Side(style="thin", color="D0D4D9")
_BORDER = Border(left=_EDGE, right=_EDGE, top=_EDGE, bottom=_EDGE)
_HEAD, _LOCKED = PatternFill("solid", fgColor="E6EBF0"), PatternFill("solid", fgColor="F5F6F7")
_BOLD = Font(bold=True)
_PROTECTED, _OPEN = Protection(locked=True), Protection(locked=False)
_ALIGNED = {
    "ltr": Alignment(wrap_text=True, vertical="top", horizontal="left", readingOrder=1),
    "rtl": Alignment(wrap_text=True, vertical="top", horizontal="right", readingOrder=2),
}


def write_texts_workbook(target: IO[bytes], instrument: Instrument, language: str, rows: Sequence[Row]) -> None:
    """Write the workbook of one language. Raises ExportError for a text that no cell can hold."""
    book = Workbook()
    sheet, about = book.worksheets[0], book.create_sheet(ABOUT)
    sheet.title = TEXTS
    _set_up(sheet, len(rows) + 1)
    for number, column in enumerate(COLUMNS, start=1):
        _put(sheet, 1, number, column.name, head=True)
    for line, row in enumerate(rows, start=2):
        entry = row.entry
        given = {
            KEY: entry.id, WHERE: row.where, SOURCE_LANGUAGE: ENGLISH_NAMES[entry.source_language], SOURCE: entry.source,
            TRANSLATION: entry.text, STATE: STATE_WORDS[entry.state], REVIEWED: YES if entry.state is State.REVIEWED else "",
            COMMENT: "", CHECK: row.check,
        }  # fmt: skip
        directions = {SOURCE: direction(entry.source_language), TRANSLATION: direction(language)}
        for number, column in enumerate(COLUMNS, start=1):
            text = given[column.name]
            if clean(text)[1] or has_escape(text) or units(text) > TEXT_LIMIT:
                raise ExportError(f"{entry.id} holds what no cell of a workbook can hold. Use --format xliff.")
            _put(sheet, line, number, text, locked=not column.open, aligned=directions.get(column.name, "ltr"))
        # Not every program measures wrapped text when it opens a file.
        sheet.row_dimensions[line].height = _height(*((given[column.name], column.width) for column in COLUMNS))
    _write_about(about, instrument, language, rows)
    book.properties.title = f"{instrument.instrument} {instrument.version}: texts in {ENGLISH_NAMES[language]}"
    book.save(target)


def _set_up(sheet: Worksheet, last_row: int) -> None:
    sheet.freeze_panes = "B2"
    letters = {column.name: get_column_letter(number) for number, column in enumerate(COLUMNS, start=1)}
    for column in COLUMNS:
        sheet.column_dimensions[letters[column.name]].width = column.width
    sheet.auto_filter.ref = f"A1:{letters[CHECK]}{last_row}"
    # A protection without a password: it keeps slips out of the key and the source, and forbids nothing else.
    sheet.protection.sheet = True
    for allowed in ("formatColumns", "formatRows", "formatCells", "autoFilter", "sort"):
        setattr(sheet.protection, allowed, False)
    marks = DataValidation(type="list", formula1=f'"{YES}"', allow_blank=True)
    marks.add(f"{letters[REVIEWED]}2:{letters[REVIEWED]}{max(last_row, 2)}")
    sheet.add_data_validation(marks)
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight, sheet.sheet_properties.pageSetUpPr = 0, PageSetupProperties(fitToPage=True)


def _write_about(sheet: Worksheet, instrument: Instrument, language: str, rows: Sequence[Row]) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 26, ABOUT_WIDTH
    sheet.protection.sheet = True
    facts = (
        (INSTRUMENT, instrument.instrument),
        (VERSION, instrument.version),
        ("Title", str(instrument.texts_in("en")("instrument.title"))),
        (LANGUAGE, language),
        ("Name of the language", f"{ENGLISH_NAMES[language]} ({LANGUAGE_NAMES[language]})"),
        (DIGEST, source_digest(rows)),
        ("Number of texts", str(len(rows))),
        *(("How to work" if number == 0 else "", sentence) for number, sentence in enumerate(HOW_TO_WORK)),
    )
    for line, (label, value) in enumerate(facts, start=1):
        _put(sheet, line, 1, label, head=True)
        _put(sheet, line, 2, clean(value)[0])
        sheet.row_dimensions[line].height = _height((value, ABOUT_WIDTH))


def _height(*texts: tuple[str, float]) -> float:
    return min(TALLEST, 3 + LINE_HEIGHT * max(lines_needed(text, width) for text, width in texts))


def _put(
    sheet: Worksheet,
    line: int,
    number: int,
    text: str,
    *,
    head: bool = False,
    locked: bool = True,
    aligned: str = "ltr",
) -> None:
    cell = sheet.cell(line, number)
    if text:
        cell.value = text
        # Whatever it begins with: not a formula, not a number, also when somebody edits it.
        cell.data_type = "s"
    cell.number_format = "@"
    cell.alignment, cell.border = _ALIGNED[aligned], _BORDER
    cell.protection = _PROTECTED if locked else _OPEN
    if head:
        cell.font, cell.fill = _BOLD, _HEAD
    elif locked:
        cell.fill = _LOCKED
