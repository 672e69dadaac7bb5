"""Other programs read the columns by their ids: they do not change without a new version."""

from __future__ import annotations

from exports.columns import CONTRACT_VERSION, list_sheets
from exports.contract import current_sheets, read_contract
from instruments.catalog import load_instrument, sha256_of
from languages import LANGUAGES


def test_columns_change_only_with_a_new_version() -> None:
    contract = read_contract()
    assert contract["version"] == CONTRACT_VERSION, "run python -m exports.contract"
    assert contract["sheets"] == current_sheets(), (
        "count up CONTRACT_VERSION in exports/columns.py, run python -m exports.contract"
    )
    assert contract["digests"][str(CONTRACT_VERSION)] == sha256_of(contract["sheets"])
    assert set(contract["digests"]) == {str(number) for number in range(1, CONTRACT_VERSION + 1)}


def test_names_and_ids_are_the_same_in_every_language_and_fit_a_workbook() -> None:
    instrument = load_instrument()
    shapes = {tuple((sheet.name, sheet.ids) for sheet in list_sheets(instrument, language)) for language in LANGUAGES}
    assert len(shapes) == 1
    for name, ids in shapes.pop():
        assert name.isascii() and len(name) <= 28  # room for a number where a sheet goes on
        assert len(set(ids)) == len(ids)
        assert all(column.isascii() and column for column in ids)
