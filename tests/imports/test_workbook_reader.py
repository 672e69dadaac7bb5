"""The bounded reader: what spreadsheet programs write is read as they mean it; what no program writes is refused at once."""

from __future__ import annotations

import random
import subprocess
import sys
import time
import zlib
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exports.cells import clean
from imports.workbook_file import UnreadableWorkbook, open_workbook
from imports.workbook_package import Limits, Refused
from imports.workbook_reader import STRINGS_IN_MEMORY, Strings
from instruments.catalog import load_instrument
from tests.exports.builders import make_source, random_value, workbook_bytes
from tests.exports.readback import read_by_calamine
from tests.imports.hostile import HOSTILE, VALUE, bomb
from tests.imports.workbooks import MAIN, OFFICE, PACKAGE, by_hand

Cells = dict[str, dict[tuple[int, int], Any]]


def read(data: bytes, limits: Limits | None = None, first: tuple[str, ...] = ()) -> Cells:
    """Every cell by sheet and (row, column): text, number, or (kind, text) of anything else."""
    found: Cells = {}
    with open_workbook(BytesIO(data), limits or Limits(), first) as book:
        for name, rows in book.read():
            found[name] = {
                (row.number, column): text if kind == "s" else float(text) if kind == "n" else (kind, text)
                for row in rows for column, (kind, text) in row.cells.items()
            }  # fmt: skip
    return found


def one(rows: str, **given: Any) -> dict[tuple[int, int], Any]:
    """The cells of the smallest workbook with these rows."""
    return read(by_hand(rows, **given))["One"]


SHAPES: dict[str, tuple[str, dict[tuple[int, int], Any]]] = {
    "rows and cells without a place": ("<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>", {(1, 1): 1, (1, 2): 2, (2, 1): 3}),
    "a place, then none": ('<row r="5"><c r="C5"><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>', {(5, 3): 1, (5, 4): 2, (6, 1): 3}),
    "sparse columns": ('<row r="2"><c r="A2"><v>1</v></c><c r="XFD2"><v>2</v></c></row>', {(2, 1): 1, (2, 16384): 2}),
    "the last row": ('<row r="1048576"><c r="A1048576"><v>1</v></c></row>', {(1048576, 1): 1}),
    "truth, error, day in words": ('<row><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c><c t="d"><v>2026-01-02</v></c></row>', {(1, 1): ("b", "1"), (1, 2): ("e", "#N/A"), (1, 3): ("d", "2026-01-02")}),
    "what a formula gave, as number and as text": ('<row><c><f>1+1</f><v>2</v></c><c t="str"><f>A1</f><v>two</v></c></row>', {(1, 1): ("fn", "2"), (1, 2): ("fs", "two")}),
    "a formula without its value": ('<row><c><f>SUM(A2:A9)</f></c></row>', {(1, 1): ("fn", "")}),
    "text in the cell": ('<row><c t="inlineStr"><is><t xml:space="preserve">  a\nb </t></is></c></row>', {(1, 1): "  a\nb "}),
    "rich text in the cell": ('<row><c t="inlineStr"><is><r><rPr><b/></rPr><t>bo</t></r><r><t>ld</t></r><rPh sb="0" eb="1"><t>reading</t></rPh></is></c></row>', {(1, 1): "bold"}),
    "an escape": ('<row><c t="inlineStr"><is><t>_x0041_ _x005F_x0041_ _xD83D__xDE42_ _x00zz_</t></is></c></row>', {(1, 1): "A _x0041_ 🙂 _x00zz_"}),
    "seventeen digits": ('<row><c><v>0.10000000000000001</v></c><c><v>1.5E+3</v></c><c><v> 7 </v></c></row>', {(1, 1): 0.1, (1, 2): 1500, (1, 3): 7}),
    "cells with a style alone, and empty texts": ('<row r="3"><c r="A3" s="4"/><c t="inlineStr"><is><t></t></is></c><c t="s"><v>2</v></c></row>', {}),
    "empty rows at the end": ('<row r="1"><c><v>1</v></c></row>' + "".join(f'<row r="{n}" s="1"/>' for n in range(2, 400)), {(1, 1): 1}),
    "shared texts": ('<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>3</v></c></row>', {(1, 1): "plain", (1, 2): "rich text", (1, 3): "東京"}),
}  # fmt: skip
STRINGS = (
    '<si><t>plain</t></si><si><r><t xml:space="preserve">rich </t></r><r><rPr><i/></rPr><t>text</t></r></si><si><t/></si>'
    '<si><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh><phoneticPr fontId="1"/></si>'
)


@pytest.mark.parametrize("name", SHAPES)
def test_what_programs_write_is_read_as_they_mean_it(name: str) -> None:
    rows, due = SHAPES[name]
    assert one(rows, strings=STRINGS) == due


def test_prefixes_strict_names_and_a_sheet_outside_its_folder_are_read() -> None:
    strict = "http://purl.oclc.org/ooxml/officeDocument/relationships"
    rows = '<x:row r="1"><x:c r="B1" t="inlineStr"><x:is><x:t>yes</x:t></x:is></x:c></x:row>'
    data = by_hand(parts={
        "xl/worksheets/one.xml": f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{rows}</x:sheetData></x:worksheet>',
        "xl/workbook.xml": f'<x:workbook xmlns:x="{MAIN}" xmlns:rel="{strict}"><x:sheets><x:sheet name="One" sheetId="1" state="hidden" rel:id="r9"/></x:sheets></x:workbook>',
        "xl/_rels/workbook.xml.rels": f'<p:Relationships xmlns:p="{PACKAGE}"><p:Relationship Id="r9" Type="{strict}/worksheet" Target="../xl/./worksheets/one.xml"/></p:Relationships>',
    })  # fmt: skip
    assert read(data) == {"One": {(1, 2): "yes"}}
    with open_workbook(BytesIO(data), Limits()) as book:
        assert [(sheet.name, sheet.state) for sheet in book.sheets] == [("One", "hidden")]


def test_sheets_come_in_the_order_asked_for_and_may_be_left_half_read() -> None:
    book = openpyxl.Workbook()
    for name in ("Second", "Third"):
        book.create_sheet(name)
    for sheet in book:
        for number in range(1, 50):
            sheet.append([number, sheet.title])
    target = BytesIO()
    book.save(target)
    with open_workbook(target, Limits(), ("Third", "none such", "Sheet")) as found:
        assert [(name, next(iter(rows)).cells[2][1]) for name, rows in found.read()] == [
            ("Third", "Third"), ("Sheet", "Sheet"), ("Second", "Second"),
        ]  # fmt: skip


def test_days_counted_from_1904_are_said() -> None:
    for given_, offset in (("1", 1462), ("0", 0)):
        part = f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><workbookPr date1904="{given_}"/><sheets><sheet name="One" sheetId="1" r:id="r9"/></sheets></workbook>'
        with open_workbook(BytesIO(by_hand(parts={"xl/workbook.xml": part})), Limits()) as book:
            assert book.day_offset == offset


def test_many_long_shared_texts_do_not_need_memory() -> None:
    strings = Strings()
    texts = [f"{number} " + "م" * 30_000 for number in range(600)]
    for text in texts:
        strings.add(text)
    assert [strings.get(number) for number in range(599, -1, -1)] == texts[::-1]
    assert sum(map(sys.getsizeof, strings._texts)) < STRINGS_IN_MEMORY < sum(map(sys.getsizeof, texts))
    for number in (600, -1):
        with pytest.raises(Refused):
            strings.get(number)
    strings.close()


def test_a_part_in_utf_16_is_read() -> None:
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData><row>{VALUE}</row></sheetData></worksheet>'
    assert read(by_hand(parts={"xl/worksheets/one.xml": sheet.encode("utf-16")})) == {"One": {(1, 1): 1}}


NAUGHTY = (
    "=1+1", "#N/A", "1E5", "007", "_x0041_", "_x005F_", "__x000D__", "_x000d_", "a\x0bb", "\r\nline\rline\n", "\t\t", "  edges  ", "🙂🏳️‍🌈",
    "𠮷野家", "\u202eabc\u202c", "\u0085\u2028\u2029", "<![CDATA[x]]>&amp;<b>", "م" * 40_000, "\ufffe", "\ud800", "&#x41;", "]]>",
)  # fmt: skip


def as_number(value: Any) -> Any:
    """A cell as calamine gives it, in the reader's form: days and moments as their numbers, of a formula what it gave."""
    if isinstance(value, tuple):
        kind, text = value
        return round(float(text), 9) if kind == "fn" else value
    if isinstance(value, datetime):
        return round((value - datetime(1899, 12, 30)) / timedelta(days=1), 9)
    if isinstance(value, date):
        return float((value - date(1899, 12, 30)).days)
    return round(float(value), 9) if isinstance(value, int | float) and not isinstance(value, bool) else value


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(
    st.one_of(st.sampled_from(NAUGHTY), st.text(max_size=40), st.text(st.characters(), max_size=40)),
    st.integers(0, 10**6),
)
def test_the_reader_and_calamine_find_the_same_in_every_exported_workbook(text: str, seed: int) -> None:
    rng = random.Random(seed)
    values = {
        item.id: random_value(item, rng, text) for item in load_instrument().items.values() if rng.random() < 0.05
    }
    data = workbook_bytes(make_source({"XAA": values}), rng.choice(("ar", "en")))
    due = {
        name: {
            (row, column): as_number(value)
            for row, cells in enumerate(sheet, start=1) for column, value in enumerate(cells, start=1) if value not in {"", None}
        }
        for name, sheet in read_by_calamine(data).items()
    }  # fmt: skip
    found = {
        name: {place: as_number(clean(value)[0] if isinstance(value, str) else value) for place, value in cells.items()}
        for name, cells in read(data).items()
    }
    assert found == due


@pytest.mark.parametrize(
    "name", ["a document type with laughs", "spaces without end", "too large", "a shared text too long"]
)
def test_a_refusal_reaches_the_server_as_a_code_and_costs_it_nothing(name: str) -> None:
    code, make = HOSTILE[name]
    data = make()
    begun = time.process_time()
    with pytest.raises(UnreadableWorkbook) as refused:
        read(data, Limits())
    assert refused.value.code == code
    # This process did next to nothing: the work and the danger are the reader's.
    assert time.process_time() - begun < 2


def test_work_and_memory_are_limited_whatever_the_file_says() -> None:
    many = bomb(
        b"".join(b"<row><c><v>%d</v></c><c><v>%d</v></c></row>" % (n, zlib.crc32(b"%d" % n)) for n in range(50_000)),
        15,
        1,
    )
    with pytest.raises(UnreadableWorkbook) as refused:
        read(many, Limits(seconds=1, ratio=10_000))
    assert refused.value.code == "too_much_work"
    # Texts kept in memory are few; a limit below what the interpreter needs ends it, and that is told apart from a broken file.
    with pytest.raises(UnreadableWorkbook) as refused:
        read(many, Limits(memory=1))
    assert refused.value.code == "too_much_work"


def test_the_reader_ends_with_its_block_and_knows_nothing_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    plain = subprocess.Popen

    def popen(*given_: Any, **more: Any) -> Any:
        started.append((given_, more, plain(*given_, **more)))
        return started[-1][2]

    monkeypatch.setattr(subprocess, "Popen", popen)
    monkeypatch.setenv("TRACKER_SECRET", "not for the reader")
    with open_workbook(BytesIO(by_hand(f"<row>{VALUE}</row>" * 30_000)), Limits()) as book:
        next(iter(book.read()))
    ((command,), more, process) = started[0]
    assert process.poll() is not None
    assert "TRACKER_SECRET" not in more["env"]
    assert command[1:3] == ["-I", "-S"]  # nothing that is installed can be imported


def test_it_needs_the_standard_library_alone() -> None:
    program = (
        "import sys; sys.path.append(sys.argv[1]); import imports.workbook_reader;"
        "print(sorted(name.partition('.')[0] for name in sys.modules if name.partition('.')[0] not in sys.stdlib_module_names))"
    )
    from settings import ROOT

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(ROOT)], capture_output=True, text=True, check=True
    )
    assert set(eval_list(done.stdout)) == {"__main__", "imports"}


def eval_list(printed: str) -> list[str]:
    """The names in a printed list."""
    return [name.strip(" '\n") for name in printed.strip("[]\n").split(",")]
