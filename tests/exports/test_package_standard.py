"""The data package is one: the reference implementation of the standard reads it, and finds what is altered in it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import get_args

import pytest
from frictionless import FrictionlessException, Package

from exports.settings import DATA_PACKAGE, ExportSettings
from exports.shape import Kind
from exports.source import ExportSource
from exports.table_schema import TYPES
from tests.exports.builders import make_source
from tests.exports.plain_readback import file_of, members, publicly, random_source, read_csv, with_previous
from tests.exports.test_presets import VALUES, VISIBILITY


def errors_of(data: bytes, folder: Path) -> set[tuple[str, str]]:
    """(resource, kind) of every error that the reference implementation of the standard finds."""
    path = folder / "package.zip"
    path.write_bytes(data)
    report = Package(str(path)).validate()
    return {(task.name, error.type) for task in report.tasks for error in task.errors} | {
        ("", error.type) for error in report.errors
    }


@pytest.mark.parametrize(
    ("make", "language"),
    [
        (with_previous, "ar"),
        (publicly, "en"),
        (lambda: make_source({}), "es"),
        (lambda: make_source({"XAA": VALUES}, settings=ExportSettings(preset="public"), visibility={}), "fr"),
        (lambda: random_source(settings=ExportSettings(preset="state", states=("XAA",))), "zh"),
        (
            lambda: random_source(settings=ExportSettings(preset="reviewers", states=("XAB",)), visibility=VISIBILITY),
            "ru",
        ),
        (lambda: random_source(settings=ExportSettings(report="paragraph_15")), "en"),
    ],
    ids=["with changes", "public", "no State", "nothing open", "own copy", "reviewers", "paragraph 15"],
)
def test_the_package_keeps_the_standard(make: Callable[[], ExportSource], language: str, tmp_path: Path) -> None:
    assert errors_of(file_of(DATA_PACKAGE, make(), language), tmp_path) == set()


def altered(path: str, before: bytes, after: bytes) -> bytes:
    """A package in one file of which something else stands."""
    files = members(file_of(DATA_PACKAGE, random_source()))
    assert before in files[path]
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content.replace(before, after) if name == path else content)
    return target.getvalue()


@pytest.mark.parametrize(
    ("path", "before", "after", "found"),
    [
        ("answers.json", b'"XAA"', b'"XAC"', {("answers", "hash-count")}),
        ("data/Texts.csv", b"XAA", b"XAC", {("texts", "hash-count"), ("texts", "foreign-key")}),
        ("data/Coverage.csv", b"XAB", b"XAA", {("coverage", "primary-key"), ("texts", "foreign-key")}),
        ("data/Answers_long.csv", b",0,op1,", b",many,op1,", {("answers_long", "type-error")}),
    ],
)  # fmt: skip
def test_what_is_altered_is_found(
    path: str, before: bytes, after: bytes, found: set[tuple[str, str]], tmp_path: Path
) -> None:
    assert found <= errors_of(altered(path, before, after), tmp_path)


def test_a_type_that_the_standard_has_not_is_found(tmp_path: Path) -> None:
    with pytest.raises(FrictionlessException):
        errors_of(altered("datapackage.json", b'"type": "integer"', b'"type": "figure"'), tmp_path)


def test_a_withheld_count_is_named_as_a_missing_value() -> None:
    files = members(file_of(DATA_PACKAGE, publicly()))
    resources = {one["name"]: one for one in json.loads(files["datapackage.json"])["resources"]}
    field = next(one for one in resources["by_question"]["schema"]["fields"] if one["name"] == "states")
    cells = {row["states"] for row in read_csv(files["data/By_question.csv"])}
    assert cells - {"0"} and cells - {"0"} == set(field["missingValues"]) - {""}
    assert all("missingValues" not in one for one in resources["answers_long"]["schema"]["fields"])


def test_every_kind_of_column_has_a_type() -> None:
    assert set(TYPES) == set(get_args(Kind))


def test_tables_that_may_name_an_item_of_another_questionnaire_do_not_lead_to_its_dictionary() -> None:
    resources = json.loads(members(file_of(DATA_PACKAGE, with_previous()))["datapackage.json"])["resources"]
    leads = {
        (one["name"], key["reference"]["resource"]) for one in resources for key in one["schema"].get("foreignKeys", ())
    }
    assert {
        ("changes", "coverage"),
        ("issues", "coverage"),
        ("texts", "dictionary"),
        ("answers_long", "dictionary"),
    } <= leads
    assert not {("changes", "dictionary"), ("issues", "dictionary"), ("dictionary", "dictionary")} & leads
