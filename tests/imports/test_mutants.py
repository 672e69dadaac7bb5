"""A bounded run of mutants: whatever is done to a workbook, the reader refuses it with a code or reads it, within its limits."""

from __future__ import annotations

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from imports.workbook_package import Limits
from settings import ROOT
from tests.exports.builders import make_source, workbook_bytes
from tests.exports.test_kit_workbook import made
from tests.exports.test_kit_workbook import make_source as make_source_of_kit
from tests.imports.workbooks import by_hand, some_values

SEED = 20_261_125


def sound_workbooks(folder: Path) -> list[str]:
    """Workbooks of four kinds: by hand, as openpyxl writes them, an offline workbook, an export."""
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Answers")
    for number in range(30):
        sheet.append([f"op{number}", "Words _x000B_ of a State", number / 7, "=1+1", True])
    target = BytesIO()
    book.save(target)
    values = {item_id: value for item_id, value in some_values(3, share=0.0).items() if item_id != "op4.narrative"}
    sound = {
        "hand": by_hand(
            '<row r="2"><c r="B2" t="s"><v>0</v></c><c r="C2"><v>1.5</v></c></row>', strings="<si><t>words</t></si>"
        ),
        "openpyxl": target.getvalue(),
        "kit": made(make_source_of_kit("ar", ("op1",), 0.3)),
        "export": workbook_bytes(make_source({"XAA": values}), "ar"),
    }
    paths = []
    for name, data in sound.items():
        (folder / f"{name}.xlsx").write_bytes(data)
        paths.append(str(folder / f"{name}.xlsx"))
    return paths


def run(folder: Path, seed: int, count: int, names: slice) -> None:
    """Run the mutants in a process of their own; print what came of them."""
    done = subprocess.run(
        [sys.executable, "-S", "-m", "tests.imports.mutants", str(seed), str(count), *sound_workbooks(folder)[names]],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    print(
        f"\n{found['count']} mutants of seed {seed}, 0 crashes: peak {found['peak']:.1f} MB, longest {found['longest']:.2f} s, "
        f"{found['codes']}, behind damaged {found['behind']}"
    )
    assert sum(found["codes"].values()) == count
    assert found["peak"] < Limits().memory
    assert found["longest"] < Limits().seconds
    # The run is worth something only if mutants get past the gate and others are stopped at it.
    assert found["codes"]["read"] > count / 50
    assert found["codes"]["damaged"] > count / 50


def test_thousands_of_mutants_are_refused_or_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        run(tmp_path, SEED, 3_000, slice(0, 2))
        run(tmp_path, SEED, 300, slice(2, 3))


@pytest.mark.prove
def test_tens_of_thousands_of_mutants_are_refused_or_read(tmp_path: Path) -> None:
    for seed in range(SEED, SEED + 4):
        run(tmp_path, seed, 10_000, slice(0, 2))
    run(tmp_path, SEED, 5_000, slice(2, 3))
    run(tmp_path, SEED, 1_000, slice(3, 4))
