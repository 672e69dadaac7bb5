"""Sheets worked out from several facts of a State: answers side by side, needs, practices, topics, the report of paragraph 15."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest

from exports.columns_derived import LABEL
from exports.facts import joined
from exports.rows import plain_number
from exports.settings import ExportSettings
from exports.topics import DATA, PARAGRAPH_15, SHEETS, find_topics, report_questions
from instruments.catalog import load_instrument
from instruments.items.assistance import AssistanceRow
from instruments.items.base import Item
from instruments.loader import read_strict
from instruments.values import Amount, Chosen, Difficulties, GoodPractice, Narrative
from languages import LANGUAGES
from tests.exports.builders import make_source, random_values, workbook_bytes
from tests.exports.readback import Table, read_by_calamine, read_by_openpyxl, row_counts, tables

INSTRUMENT = load_instrument()
OPEN = dict.fromkeys(INSTRUMENT.questions, "public")
REPORT_QUESTIONS = ("op5", "op9", "op12", "op13a", "op13b", "op13d", "op13e", "op13g")
"""The paragraphs that the report of paragraph 15 is about: 5, 9, 12, 13(a), 13(b), 13(d), 13(e), 13(g)."""


def read(documents: dict[str, dict[str, Any]], language: str = "en", **given: Any) -> dict[str, Table]:
    """The tables of the workbook of these answers; every sheet holds the rows that are due."""
    cells = read_by_calamine(workbook_bytes(make_source(documents, **given), language))
    assert all(due == written for due, written in row_counts(cells).values())
    return tables(cells)


def as_text(value: Any) -> str:
    """A cell as text: a number as decimal text, a day in ISO form, nothing for an empty cell."""
    if value is None or value == "":
        return ""
    if isinstance(value, date):
        return value.isoformat()[:10]
    return value if isinstance(value, str) else plain_number(Decimal(repr(value)))


def kinds() -> dict[str, Item]:
    """An item of every type that has columns in Answers_wide."""
    found: dict[str, Item] = {}
    for item in INSTRUMENT.items.values():
        if item.is_short:
            found.setdefault(item.item_type, item)
    return found


@pytest.fixture(scope="module")
def random_documents() -> dict[str, dict[str, Any]]:
    return {code: random_values(INSTRUMENT, random.Random(seed), 0.7) for seed, code in enumerate(("XAA", "XAB"))}


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_state_has_one_row_in_answers_wide_with_the_codes_numbers_and_days_of_answers_long(
    random_documents: dict[str, dict[str, Any]], language: str
) -> None:
    found = tables(read_by_openpyxl(workbook_bytes(make_source(random_documents), language)))
    wide = {row["state_iso3"]: row for row in found["Answers_wide"]}
    assert list(wide) == list(random_documents)
    long: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in found["Answers_long"]:
        long.setdefault((row["state_iso3"], row["item_id"]), []).append(row)
    compared = set()
    for state, row in wide.items():
        assert row["receipt_no"] == long[state, "op2.status_law"][0]["receipt_no"]
        for item in INSTRUMENT.items.values():
            assert (item.id in row) == (f"{item.id}{LABEL}" in row) == item.is_short
            if not item.is_short:
                continue
            value, words = as_text(row[item.id]), row[f"{item.id}{LABEL}"]
            facts = [fact for fact in long[state, item.id] if fact["part_no"] == 1]
            if facts[0]["asked_state"] != "answered":
                assert (value, words) == ("", facts[0]["asked_state_label"])
                continue
            codes = [fact for fact in facts if fact["code"]]
            if codes:
                assert value == "; ".join(fact["code"] for fact in codes)
                assert all(fact["label"] in words for fact in codes)
            else:
                (fact,) = facts
                assert value == as_text(fact["value_number"] or fact["value_date"] or 0)
                assert (words or "") == (fact["unit"] or "")
            compared.add(item.item_type)
    assert compared == set(kinds())


def test_each_kind_of_short_answer_stands_as_what_it_is_with_its_words_beside_it() -> None:
    two = INSTRUMENT.items["op3.offer"].choice_lists()[0].codes[:2]
    values: dict[str, Any] = {
        "op2.status_practice": "no_information", "op4.status_practice": "partially_implemented",
        "op4.difficulties": Difficulties(text="Words alone"), "op3.offer": Chosen(codes=two), "op1.party": "party",
        "op1.party_since": date(2024, 2, 29), "op5.penalty_basic_min": Decimal("12.5"), "op5.median_days": 7,
        "op13a.reflection_days": 0, "op17.national_budget": Amount(amount=Decimal("1000.25"), currency="CHF"),
    }  # fmt: skip
    (row,) = tables(read_by_openpyxl(workbook_bytes(make_source({"XAA": values}))))["Answers_wide"]
    words = INSTRUMENT.texts_in("en").option
    due = {
        "op2.status_practice": ("no_information", "No information available"),
        "op3.offer": ("; ".join(two), "; ".join(str(words("op3_subjects", code)) for code in two)),
        "op1.party_since": ("2024-02-29", None), "op5.penalty_basic_min": ("12.5", "years"),
        "op5.median_days": ("7", "days"), "op13a.reflection_days": ("0", "days"),
        "op17.national_budget": ("1000.25", "CHF"),
        # Described in words alone: there is no code, and the cell beside it says that this is no blank.
        "op4.difficulties": ("", "Answered"),
        "op5.status_practice": ("", "Not answered"), "op2.difficulties": ("", "Not asked"),
    }  # fmt: skip
    assert {item_id: (as_text(row[item_id]), row[f"{item_id}{LABEL}"]) for item_id in due} == due


def test_needs_of_assistance_and_good_practices_have_a_row_for_each_entry() -> None:
    values: dict[str, Any] = {
        "op4.status_practice": "partially_implemented", "op4.practice": GoodPractice(text="A guide", consent=True),
        "op5.practice": GoodPractice(text="Kept to ourselves"),
        "op4.assistance": (
            AssistanceRow(row_id="a1", kind="training", priority="1", requested="needed", topic="Judges"),
            AssistanceRow(row_id="a2", kind="equipment"),
        ),
    }  # fmt: skip
    found = read({"XAA": values})
    needs = [
        (row["item_id"], row["row_id"], row["kind_code"], row["kind"], row["requested_code"], row["topic"], row["priority_code"])
        for row in found["TA_needs"]
    ]  # fmt: skip
    texts = INSTRUMENT.texts_in("en")
    kind = {code: str(texts.option("assistance_kind", code)) for code in ("training", "equipment")}
    assert needs == [
        ("op4.assistance", "a1", "training", kind["training"], "needed", "Judges", "1"),
        ("op4.assistance", "a2", "equipment", kind["equipment"], "", "", ""),
    ]
    # The secretariat reads every practice; the column says which may be shared.
    assert [(row["item_id"], row["text"], row["consent_code"], row["consent"]) for row in found["Good_practice"]] == [
        ("op4.practice", "A guide", "yes", "May be shared"), ("op5.practice", "Kept to ourselves", "no", "Not to be shared"),
    ]  # fmt: skip


def same_facts(sheet: Table, long: Table, topic_items: tuple[Item, ...]) -> bool:
    """Whether a sheet of a topic holds the facts of its items as Answers_long does, State by State in the order of the topic."""
    place = {item.id: number for number, item in enumerate(topic_items)}
    shared = ("state_iso3", "item_id", "asked_state", "code", "field", "row_id", "language", "unit", "response_id")
    due = sorted(
        (
            (
                *(row[name] for name in shared), row["value_number"], row["value_date"],
                row["value_text"] or row["label"] or (row["asked_state_label"] if row["asked_state"] != "answered" else ""),
            )
            for row in joined(long, "value_text") if row["item_id"] in place
        ),
        key=lambda row: (row[0], place[row[1]]),
    )  # fmt: skip
    found = [
        (*(row[name] for name in shared), row["number"], row["date"], row["answer"]) for row in joined(sheet, "answer")
    ]
    assert found == due
    return bool(due)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_consultations_are_the_facts_of_paragraph_16(
    random_documents: dict[str, dict[str, Any]], language: str
) -> None:
    found = read(random_documents, language)
    (topic,) = find_topics(INSTRUMENT)
    assert topic.sheet == "Consultations"
    assert {item.question_id for item in topic.items} == {"op16"}
    assert same_facts(found["Consultations"], found["Answers_long"], topic.items)


def test_a_text_longer_than_a_cell_goes_on_in_the_next_rows_of_a_topic() -> None:
    text = "word " * 20_000
    values = {"op16.narrative": Narrative(text=text, language="en")}
    rows = [row for row in read({"XAA": values})["Consultations"] if row["item_id"] == "op16.narrative"]
    assert [(row["part_no"], row["part_of"]) for row in rows] == [
        (number, len(rows)) for number in range(1, len(rows) + 1)
    ]
    assert len(rows) > 1 and "".join(row["answer"] for row in rows) == text


@pytest.mark.parametrize("name", ["topics", PARAGRAPH_15])
def test_every_item_of_a_topic_is_of_the_questionnaire(name: str) -> None:
    chosen = [item_id for topic in read_strict(DATA / f"{name}.yaml")["topics"] for item_id in topic["items"]]
    assert set(chosen) <= set(INSTRUMENT.items) and len(chosen) == len(set(chosen))
    assert chosen == [item.id for topic in find_topics(INSTRUMENT, name.removeprefix("topics")) for item in topic.items]


def test_the_topics_of_the_report_cover_what_paragraph_15_asks() -> None:
    topics = find_topics(INSTRUMENT, PARAGRAPH_15)
    assert {topic.id for topic in topics} == set(SHEETS) - {"consultations"}
    assert report_questions(INSTRUMENT, PARAGRAPH_15) == (*REPORT_QUESTIONS, "op15")
    assert report_questions(INSTRUMENT, "") == tuple(INSTRUMENT.questions)
    names = [topic.sheet for topic in (*topics, *find_topics(INSTRUMENT))]
    assert len(names) == len(set(names)) and all(name.isascii() and len(name) <= 31 for name in names)


def test_the_report_holds_its_paragraphs_alone_and_each_topic_on_a_sheet(
    random_documents: dict[str, dict[str, Any]],
) -> None:
    found = read(random_documents, settings=ExportSettings(report=PARAGRAPH_15))
    assert {row["question_id"] for row in found["Answers_long"]} == {*REPORT_QUESTIONS, "op15"}
    assert {row["question_id"] for row in found["By_question"]} <= {*REPORT_QUESTIONS, "op15"}
    for topic in find_topics(INSTRUMENT, PARAGRAPH_15):
        assert same_facts(found[topic.sheet], found["Answers_long"], topic.items), topic.sheet
    assert "Consultations" not in found


SECRET, QUOTABLE = "SECRET-practice-91c4", "QUOTABLE-practice-91c4"


def parts_of(**settings: Any) -> str:
    """Every part of the file as one text. Everything is open to the public, and one practice is not to be shared."""
    values: dict[str, Any] = {
        "op5.practice": GoodPractice(text=SECRET), "op9.practice": GoodPractice(text=QUOTABLE, consent=True),
    }  # fmt: skip
    given = ExportSettings(**settings)
    source = make_source({"XAA": values}, visibility=OPEN, settings=given)
    with ZipFile(BytesIO(workbook_bytes(source, given.language))) as archive:
        return "\n".join(archive.read(name).decode() for name in archive.namelist())


@pytest.mark.parametrize(
    "settings",
    [
        {"preset": "reviewers", "states": ("XAA",)}, {"preset": "public"}, {"preset": "public", "language": "ar"},
        {"report": PARAGRAPH_15}, {"preset": "public", "report": PARAGRAPH_15},
    ],
    ids=str,
)  # fmt: skip
def test_a_practice_without_consent_is_in_no_byte_of_a_shared_file_nor_of_the_report(settings: dict[str, Any]) -> None:
    text = parts_of(**settings)
    assert SECRET not in text
    assert QUOTABLE in text


@pytest.mark.parametrize("settings", [{}, {"preset": "state", "states": ("XAA",)}], ids=str)
def test_the_secretariat_and_the_state_itself_read_a_practice_without_consent(settings: dict[str, Any]) -> None:
    assert SECRET in parts_of(**settings)


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_of_topics_are_words_in_every_language(language: str) -> None:
    found = read_by_calamine(
        workbook_bytes(make_source({"XAA": {}}, settings=ExportSettings(report=PARAGRAPH_15)), language)
    )
    titles = [found[topic.sheet][0][0] for topic in find_topics(INSTRUMENT, PARAGRAPH_15)]
    assert len(set(titles)) == len(titles) and all(titles)
    assert (language == "en") == ("Convictions and sentences" in titles)
