"""Presets: filters on the same facts. What a State has not opened, and what is too small, is in no byte of a shared file."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from exports.settings import BadSettings, ExportSettings
from exports.source import narrower
from instruments.catalog import load_instrument
from instruments.values import Narrative, Statistics
from tests.exports.builders import make_source, workbook_bytes
from tests.exports.readback import cover, read_by_calamine, row_counts, tables

INSTRUMENT = load_instrument()
VISIBILITY = {"op4": "public", "op5": "public", "op9": "reviewers", "op13d": "secretariat"}


def narrative(text: str) -> Narrative:
    return Narrative(text=text, language="en")


VALUES: dict[str, Any] = {
    "op4.narrative": narrative("CANARY open to all"), "op9.narrative": narrative("CANARY for reviewers"),
    "op13d.narrative": narrative("CANARY for the secretariat"),
    "op5.persons": Statistics(
        cells={
            "convicted": {"2024": Decimal(4043)}, "convicted.female": {"2024": Decimal(3)},
            "convicted.male": {"2024": Decimal(4040)},
        },
        source="Register",
    ),
}  # fmt: skip


def unzipped(**given: Any) -> str:
    """Every part of the file as one text."""
    settings = ExportSettings(**given)
    source = make_source({"XAA": VALUES, "XAB": {}}, visibility=VISIBILITY, settings=settings)
    data = workbook_bytes(source, settings.language)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert not archive.testzip()
        return "\n".join(archive.read(name).decode() for name in archive.namelist())


def test_the_secretariat_gets_everything_and_no_figure_is_withheld() -> None:
    text = unzipped()
    for word in ("CANARY open to all", "CANARY for reviewers", "CANARY for the secretariat", "4040"):
        assert word in text


def test_reviewers_get_one_state_and_what_it_opened_to_them() -> None:
    text = unzipped(preset="reviewers", states=("XAA",))
    assert "CANARY open to all" in text
    assert "CANARY for reviewers" in text
    assert "CANARY for the secretariat" not in text
    assert "<t>withheld</t>" in text
    assert "4040" not in text
    assert "4043" in text
    assert "XAB" not in text


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_public_gets_what_is_open_to_the_public_and_no_hidden_sheet(language: str) -> None:
    text = unzipped(preset="public", language=language)
    assert "CANARY open to all" in text
    assert "CANARY for" not in text
    assert {"en": "<t>withheld</t>", "ar": "<t>محجوب</t>"}[language] in text
    assert "4040" not in text
    assert 'name="Coverage"' not in text
    assert 'name="Matrix"' not in text
    assert 'state="hidden"' not in text
    assert 'state="veryHidden"' not in text


def test_a_states_own_copy_holds_all_it_submitted_and_nobody_elses() -> None:
    text = unzipped(preset="state", states=("XAA",))
    assert "CANARY for the secretariat" in text
    assert "4040" in text
    assert "XAB" not in text


def test_paragraphs_and_groups_are_filters_and_the_cover_says_so() -> None:
    settings = ExportSettings(questions=("op9",), regions=("african",))
    cells = read_by_calamine(workbook_bytes(make_source({"XAA": VALUES}, visibility=VISIBILITY, settings=settings)))
    facts = cover(cells)
    assert facts["filter.paragraphs"] == "9"
    assert "African" in facts["filter.groups"]
    assert {row["question_id"] for row in tables(cells)["Answers_long"]} <= {"op9"}
    assert all(due == written for due, written in row_counts(cells).values())


def test_a_public_file_without_any_open_answer_says_so_and_has_no_row() -> None:
    settings = ExportSettings(preset="public")
    cells = read_by_calamine(workbook_bytes(make_source({"XAA": VALUES}, visibility={}, settings=settings)))
    assert cover(cells)["states_submitted"] in {0, "0"}
    assert not tables(cells)["Answers_long"]


def test_when_a_draft_was_last_worked_on_is_not_in_a_shared_file() -> None:
    late = datetime(2031, 5, 6, 7, 8, tzinfo=UTC)
    for preset, states, shown in (("secretariat", (), True), ("public", (), False), ("reviewers", ("XAA",), False)):
        settings = ExportSettings(preset=preset, states=states)
        source = make_source({"XAA": VALUES}, visibility=VISIBILITY, settings=settings)
        source = replace(source, states=tuple(replace(state, last_activity_at=late) for state in source.states))
        assert (source.as_at == late) == shown
        cells = read_by_calamine(workbook_bytes(source))
        assert ("Coverage" in str(cells["Cover"])) == shown


def test_a_withdrawn_consent_narrows_and_a_draft_never_widens() -> None:
    assert narrower("public", "secretariat") == "secretariat"
    assert narrower("reviewers", "public") == "reviewers"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"language": "de"}, "unknown_language"), ({"preset": "press"}, "unknown_preset"),
        ({"preset": "reviewers"}, "one_state"), ({"preset": "state", "states": ("XAA", "XAB")}, "one_state"),
        ({"regions": ("atlantis",)}, "unknown_region"), ({"as_at": datetime(2026, 1, 1)}, "no_zone"),
    ],
)  # fmt: skip
def test_parameters_that_cannot_be_are_refused(given: dict[str, Any], code: str) -> None:
    with pytest.raises(BadSettings) as refused:
        ExportSettings(**given)
    assert refused.value.code == code


def test_the_parameters_are_plain_data_and_come_back_from_it() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert ExportSettings(as_at=moment).as_json()["as_at"] == "2026-01-01T00:00:00+00:00"
    for asked in (
        ExportSettings(),
        ExportSettings(
            "ar", "reviewers", ("XAA",), ("african",), ("op4", "op9"), recipient="A desk “\u202e", as_at=moment
        ),
    ):
        assert ExportSettings.from_json(json.loads(json.dumps(asked.as_json()))) == asked
    with pytest.raises(BadSettings):
        ExportSettings(questions=("op99",)).check_questions(INSTRUMENT)


PLAIN = ExportSettings().as_json()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "bad_parameters"), ({**PLAIN, "more": 1}, "bad_parameters"), ({**PLAIN, "states": "XAA"}, "bad_parameters"),
        ({**PLAIN, "states": [7]}, "bad_parameters"), ({**PLAIN, "language": None}, "bad_parameters"),
        ({**PLAIN, "as_at": "soon"}, "bad_parameters"), ({**PLAIN, "as_at": 5}, "bad_parameters"),
        ({**PLAIN, "language": "de"}, "unknown_language"), ({**PLAIN, "preset": "state"}, "one_state"),
        ({**PLAIN, "as_at": "2026-01-01T00:00:00"}, "no_zone"), ({**PLAIN, "regions": ["atlantis"]}, "unknown_region"),
    ],
)  # fmt: skip
def test_plain_data_of_another_form_is_refused(given: dict[str, Any], code: str) -> None:
    with pytest.raises(BadSettings) as refused:
        ExportSettings.from_json(given)
    assert refused.value.code == code


def test_sheets_with_a_row_for_each_state_have_the_columns_of_the_paragraphs_chosen_and_no_empty_ones() -> None:
    found = tables(
        read_by_calamine(workbook_bytes(make_source({"XAA": VALUES}, settings=ExportSettings(questions=("op2",)))))
    )
    for name in ("Matrix", "Answers_wide"):
        columns = [column for column in found[name][0] if "." in column]
        assert columns and all(column.startswith("op2.") for column in columns), name
        assert any(found[name][0][column] for column in columns)
