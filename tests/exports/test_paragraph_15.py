"""The selection for the report of paragraph 15 is that of the instrument: nothing forgotten, nothing twice, nothing unknown."""

from pathlib import Path

import exports
from instruments.catalog import load_instrument
from instruments.loader import read_strict

SELECTION = Path(exports.__file__).parent / "data" / "paragraph_15.yaml"
QUESTIONS = ("op5", "op9", "op12", "op13a", "op13b", "op13d", "op13e", "op13g")
LEFT_OUT = {"difficulties", "assistance", "support", "evidence", "authority", "period", "reported_in"}
"""Aspects that say what a State lacks, or what supports an answer."""


def test_each_item_of_the_eight_paragraphs_stands_in_one_subject_or_is_left_out_by_its_aspect() -> None:
    chosen = [item_id for topic in read_strict(SELECTION)["topics"] for item_id in topic["items"]]
    instrument = load_instrument()
    due = {
        item.id
        for question_id in QUESTIONS
        for item in instrument.questions[question_id].items
        if item.id.partition(".")[2] not in LEFT_OUT
    }
    assert len(chosen) == len(set(chosen))
    assert set(chosen) == due | {"op15.measures"}


def test_the_subjects_are_those_that_paragraph_15_names_then_cases_and_good_practices() -> None:
    assert [topic["id"] for topic in read_strict(SELECTION)["topics"]] == [
        "convictions", "units", "financial_flows", "victim_centred", "compensation", "remedies", "cases", "good_practices",
    ]  # fmt: skip


def test_what_the_passage_says_stands_in_the_workbook_under_the_same_subject() -> None:
    for topic in read_strict(SELECTION)["topics"]:
        assert topic["stated"], topic["id"]
        assert set(topic["stated"]) <= set(topic["items"]), topic["id"]
        assert len(topic["stated"]) == len(set(topic["stated"])), topic["id"]
