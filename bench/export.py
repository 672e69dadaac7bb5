"""The workbook of 193 full responses against the least work that can write the same cells, and its memory at 1x and 10x."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

import xlsxwriter
from isal import isal_zlib

from exports import deflate
from exports.cells import column_letters, day_number, moment_number
from exports.marks import Formula, Marked
from exports.sheets import SheetWriter
from exports.source import read_source
from exports.workbook import write_workbook
from instruments.catalog import load_instrument
from models.database import Database
from models.schema import upgrade
from tests.builders import make_cycle, make_response, make_state, make_user
from tests.exports.builders import random_value, seal

STATES = 193
ROUNDS = 3
SENTENCES = (
    "تنص المادة الرابعة من القانون على تجريم جميع الأفعال والوسائل والأغراض الواردة في البروتوكول. ",
    "The specialised unit was set up by decree and works with the financial intelligence unit. ",
    "专门单位与金融情报机构合作，每年对检察官和法官进行培训。",
    "Специализированное подразделение взаимодействует с подразделением финансовой разведки. ",
    "La loi prévoit la responsabilité des personnes morales et la confiscation des avoirs. ",
)

Cells = dict[str, list[tuple[Any, ...]]]


def prose(rng: random.Random) -> str:
    """A narrative of 200 to 3,000 characters."""
    wanted, sentence = rng.randint(200, 3000), rng.choice(SENTENCES)
    return (sentence * (wanted // len(sentence) + 1))[:wanted]


def make_database(path: Path, states: int) -> None:
    """A database with this many States that each answered nearly everything."""
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    instrument = load_instrument()
    with database.transaction() as session:
        cycle, user = make_cycle(session), make_user(session)
        for number in range(states):
            rng = random.Random(number)
            code = "".join(chr(65 + number // 26**place % 26) for place in (2, 1, 0))
            state = make_state(session, code, f"Testland {number}", region=("african", "weog")[number % 2])
            values = {
                item.id: random_value(item, rng, prose(rng)[: 3000 if item.group == "narrative" else 90])
                for item in instrument.items.values()
            }
            seal(session, make_response(session, cycle, state), values, user_id=user.id)
    database.close()


def export(path: Path, target: Path) -> None:
    """What is measured: from the database to the finished file."""
    database = Database(f"sqlite:///{path}", read_only=True)
    with read_source(database, "latest") as source, target.open("wb") as file:
        write_workbook(file, source, "en")
    database.close()


def export_with_isal(path: Path, target: Path) -> None:
    """The same with another compressor at its level 1: sooner done, and larger."""

    def compressobj(_level: int, method: int, window: int) -> Any:
        return isal_zlib.compressobj(1, method, window)

    with patch.object(deflate, "compressobj", compressobj):
        export(path, target)


def record_cells(path: Path, target: Path) -> Cells:
    """Every row that the export writes, by sheet."""
    cells: Cells = {}
    plain: Callable[..., tuple[str, int]] = SheetWriter._write_row

    def write_row(self: SheetWriter, values: Sequence[Any], part: int, parts: int) -> tuple[str, int]:
        tail = (part, parts) if self.sheet.has_parts else ()
        flat = (
            value.text if isinstance(value, Marked) else value.value if isinstance(value, Formula) else value
            for value in values
        )
        cells.setdefault(self.sheet.name, []).append((*flat, *tail))
        return plain(self, values, part, parts)

    with patch.object(SheetWriter, "_write_row", write_row):
        export(path, target)
    return cells


def raw(cells: Cells, target: Path) -> None:
    """The lower bound: sheet XML from strings straight into the archive at deflate level 6; short texts shared."""
    shared: dict[str, int] = {}
    letters = [column_letters(number) for number in range(1, max(len(rows[0]) for rows in cells.values() if rows) + 1)]
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=6) as archive:
        for name, rows in cells.items():
            with archive.open(f"xl/worksheets/{name}.xml", "w") as member:
                member.write(b"<worksheet><sheetData>")
                block: list[str] = []
                for number, row in enumerate(rows, start=5):
                    block.append(f'<row r="{number}">')
                    for letter, value in zip(letters, row, strict=False):
                        if value is None or value == "":
                            continue
                        if isinstance(value, str):
                            if len(value) <= 60:
                                index = shared.setdefault(value, len(shared))
                                block.append(f'<c r="{letter}{number}" s="1" t="s"><v>{index}</v></c>')
                            else:
                                block.append(
                                    f'<c r="{letter}{number}" s="1" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
                                )
                        else:
                            block.append(f'<c r="{letter}{number}" s="1"><v>{_number(value)}</v></c>')
                    block.append("</row>")
                    if len(block) > 20_000:
                        member.write("".join(block).encode())
                        block.clear()
                member.write("".join(block).encode() + b"</sheetData></worksheet>")
        items = "".join(f"<si><t>{escape(text)}</t></si>" for text in shared)
        archive.writestr("xl/sharedStrings.xml", f"<sst>{items}</sst>")


def _number(value: Any) -> str:
    if isinstance(value, datetime):
        return moment_number(value)
    # Days before 1900 and numbers of more than 15 digits are written here as the numbers they are not: it costs the same.
    return str(value) if isinstance(value, int | Decimal) else str(day_number(value) or 1)


def with_xlsxwriter(cells: Cells, target: Path) -> None:
    """The same cells by XlsxWriter with constant memory."""
    book = xlsxwriter.Workbook(target, {"constant_memory": True})
    for name, rows in cells.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows, start=4):
            for column, value in enumerate(row):
                if value is None or value == "":
                    continue
                if isinstance(value, str):
                    sheet.write_string(number, column, value[:32_767])
                else:
                    sheet.write_number(number, column, float(_number(value)) if not isinstance(value, int) else value)
    book.close()


def peak_memory(path: Path, target: Path) -> int:
    """Kilobytes that a process of its own needs at most for the export."""
    code = (
        "import resource, sys; from pathlib import Path; from bench.export import export;"
        "export(Path(sys.argv[1]), Path(sys.argv[2]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(target)], check=True, capture_output=True, text=True
    )
    return int(done.stdout)


def medians(variants: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Median seconds of each variant; they take turns, so that a busy moment of the machine hits all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(ROUNDS):
        for name, call in variants.items():
            started = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - started)
    return {name: median(times) for name, times in seconds.items()}


def run() -> Iterator[tuple[str, float, str]]:
    """(what, ratio, target) of the export."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        full, tenth, target = folder / "full.db", folder / "tenth.db", folder / "out.xlsx"
        make_database(full, STATES)
        make_database(tenth, STATES // 10)
        small, large = peak_memory(tenth, target), peak_memory(full, target)
        size = target.stat().st_size
        cells = record_cells(full, target)
        rows = sum(map(len, cells.values()))
        seconds = medians(
            {
                "export": lambda: export(full, target),
                "raw": lambda: raw(cells, target),
                "isal": lambda: export_with_isal(full, Path(f"{target}.isal")),
                "xlsxwriter": lambda: with_xlsxwriter(cells, target),
            }
        )
    took = seconds["export"]
    yield (
        f"export of {STATES} full responses ({rows:,} rows, {size / 1e6:.0f} MB, {took:.1f} s) / raw lower bound on the same cells",
        took / seconds["raw"], "<= 1.5",
    )  # fmt: skip
    yield "export / XlsxWriter constant memory on the same cells", took / seconds["xlsxwriter"], "<= 0.5"
    yield "the same with isal at level 1 / raw lower bound at zlib 6", seconds["isal"] / seconds["raw"], "measured"
    yield f"export peak memory at 10x / 1x ({large // 1024} / {small // 1024} MB in all)", large / small, "<= 1.5"
