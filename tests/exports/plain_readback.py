"""Tables and facts read back from CSV and JSON alone, by the rules that docs/workbook.md states, and sources to make them of."""

from __future__ import annotations

import csv
import json
import random
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

from exports.formats import FORMATS
from exports.rows import plain_number
from exports.settings import ExportSettings
from exports.source import ExportSource
from instruments.catalog import load_instrument
from tests.exports.builders import make_source, random_values
from tests.exports.readback import Table

INSTRUMENT = load_instrument()


def random_source(seed: int = 1, **given: Any) -> ExportSource:
    """Two States with answers of all kinds."""
    return make_source(
        {code: random_values(INSTRUMENT, random.Random(seed + at)) for at, code in enumerate(("XAA", "XAB"))}, **given
    )


def with_previous() -> ExportSource:
    """A round with another before it, in which everything was answered otherwise."""
    return replace(random_source(5), previous=random_source(6))


def publicly() -> ExportSource:
    """What the public gets where everything is open to it."""
    return random_source(
        settings=ExportSettings(preset="public"), visibility=dict.fromkeys(INSTRUMENT.questions, "public")
    )


def file_of(format_: str, source: ExportSource, language: str = "en", **given: Any) -> bytes:
    """The file of a source in one of the formats."""
    target = BytesIO()
    FORMATS[format_].write(target, source, language, **given)
    return target.getvalue()


def members(data: bytes) -> dict[str, bytes]:
    """The files of an archive by path, in its order."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def read_cells(data: bytes) -> list[list[str]]:
    """The cells of a CSV file as they stand there; the first row is that of the ids."""
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def read_csv(data: bytes) -> Table:
    """The rows of a CSV file by column id, without the apostrophes that guard them."""
    ids, *rows = read_cells(data)
    return [
        # The column of parts is there for what reads workbooks: here every text is whole.
        {**dict(zip(ids, (cell[1:] if cell.startswith("'") else cell for cell in row), strict=True)), "part_no": 1}
        for row in rows
    ]


def read_package(data: bytes) -> dict[str, Table]:
    """Every table of a data package."""
    return {
        path.removeprefix("data/").removesuffix(".csv"): read_csv(content)
        for path, content in members(data).items()
        if path.startswith("data/")
    }


def read_json(data: bytes) -> Any:
    """A JSON file with its numbers exact."""
    return json.loads(data, parse_float=Decimal)


def json_table(rows: list[dict[str, Any]]) -> Table:
    """Rows of a JSON file as those of the other readers."""
    return [{**{key: _text_of(value) for key, value in row.items()}, "part_no": 1} for row in rows]


def _text_of(value: Any) -> Any:
    return plain_number(value) if isinstance(value, int | Decimal) else value


def with_units(table: Table, units: Mapping[str, str]) -> dict[str, Table]:
    """The answers with what of the Dictionary their fingerprint needs."""
    return {"Answers_long": table, "Dictionary": [{"item_id": item, "unit": unit} for item, unit in units.items()]}
