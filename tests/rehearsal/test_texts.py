"""Invented texts: in the language they are tagged with, about their paragraph, and never beside a real State's name."""

from __future__ import annotations

import json
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import Session, SQLModel, select

from instruments.catalog import load_instrument
from instruments.text_cleaning import clean_text, looks_like_personal_data
from instruments.values import Narrative
from languages import LANGUAGES
from models import tables
from models.cycles import InstrumentVersion
from models.responses import Answer
from models.submissions import Submission
from rehearsal.edges import ARABIC_MIXED, EDGES, EMOJI, FORMULA, LONG_TEXT, UNREADABLE, share_out
from rehearsal.phrases import LONGEST, SHORTEST, Author, read_bank, read_themes, seeded
from tests.models.test_fictitious_states import real_names
from tests.rehearsal.conftest import Seeded

INSTRUMENT = load_instrument()
SLOTS = {"subject", "year", "until", "count", "few", "share", "body", "law", "number", "need"}

MODELS = [
    model
    for module in (
        tables.assignments,
        tables.audit,
        tables.comments,
        tables.cycles,
        tables.export_jobs,
        tables.kits,
        tables.people,
        tables.responses,
        tables.states,
        tables.submissions,
    )
    for model in vars(module).values()
    if isinstance(model, type) and issubclass(model, SQLModel) and hasattr(model, "__table__")
]

COMMON_WORDS = {
    "en": {"the", "of", "and", "is", "are", "in", "by"}, "fr": {"le", "les", "des", "et", "du", "dans", "une"},
    "es": {"el", "los", "las", "y", "del", "con", "una"},
}  # fmt: skip


def strings(value: Any) -> Iterator[str]:
    """Every text inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield str(key)
            yield from strings(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from strings(entry)


def bank_sentences(node: Any) -> Iterator[str]:
    """Every text of a bank, without its keys."""
    if isinstance(node, str):
        yield node
    else:
        for entry in node.values() if isinstance(node, dict) else node:
            yield from bank_sentences(entry)


def shape(node: Any) -> Any:
    """The keys of a bank, and where it has texts."""
    if isinstance(node, dict):
        return {key: shape(entry) for key, entry in node.items()}
    return "list" if isinstance(node, list) else "text"


def language_of(text: str) -> str:
    """The language of a text by its script, and for the Latin script by its commonest words."""
    scripts = Counter(unicodedata.name(sign, "?").split()[0] for sign in text if sign.isalpha())
    script = scripts.most_common(1)[0][0]
    if script != "LATIN":
        return {"ARABIC": "ar", "CJK": "zh", "CYRILLIC": "ru"}.get(script, script)
    words = Counter(re.findall(r"\w+", text.casefold()))
    return max(COMMON_WORDS, key=lambda language: sum(words[word] for word in COMMON_WORDS[language]))


def narratives(world: Seeded) -> list[tuple[str, Narrative]]:
    """(item id, value) of every narrative."""
    with world.database.reading() as session:
        rows = session.exec(select(Answer)).all()
    return [
        (row.item_id, value)
        for row in rows
        if isinstance(value := INSTRUMENT.items[row.item_id].load(row.value), Narrative)
    ]


def test_the_banks_have_the_same_keys_and_only_known_slots() -> None:
    english = read_bank("en")
    assert set(english["themes"]) == set(INSTRUMENT.questions) == set(read_themes()["questions"])
    for language in LANGUAGES:
        bank = read_bank(language)
        assert shape(bank) == shape(english), language
        assert bank["language"] == language
        for sentence in bank_sentences(bank):
            assert {name for _, name, _, _ in string.Formatter().parse(sentence) if name} <= SLOTS, sentence
            assert sentence == clean_text(sentence), sentence


def test_the_slots_of_a_sentence_are_the_same_in_all_languages() -> None:
    def slots(node: Any) -> Any:
        if isinstance(node, str):
            return sorted(name for _, name, _, _ in string.Formatter().parse(node) if name)
        if isinstance(node, dict):
            return {key: slots(entry) for key, entry in node.items()}
        return [slots(entry) for entry in node]

    for language in LANGUAGES:
        for key in ("themes", "items", "general", "openings", "practices", "returns"):
            ours, english = slots(read_bank(language)[key]), slots(read_bank("en")[key])
            assert ours == english, (language, key)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_narrative_speaks_of_its_paragraph_in_its_language_and_length(language: str) -> None:
    author = Author(language, seeded("test", language), INSTRUMENT, 2026)
    for question_id in INSTRUMENT.questions:
        for stance in ("done", "both", "missing", "unknown"):
            for length in (200, 900, 3000):
                text = author.narrative(question_id, stance, length)
                assert SHORTEST <= len(text) <= LONGEST
                assert language_of(text) == language
                assert author.subject(question_id) in text
                assert "{" not in text
                assert not looks_like_personal_data(text), text


def test_seeded_narratives_are_in_the_language_they_are_tagged_with(small_world: Seeded) -> None:
    found = [entry for entry in narratives(small_world) if not entry[0].endswith(".authority")]
    assert {value.language for _, value in found} == set(LANGUAGES)
    assert [entry for entry in found if language_of(entry[1].text) != entry[1].language] == []
    lengths = [len(value.text) for item_id, value in found if item_id.endswith(".narrative")]
    assert sum(SHORTEST <= length <= LONGEST for length in lengths) > 0.98 * len(lengths)


def test_no_real_state_is_named_in_any_row(small_world: Seeded) -> None:
    names = {name for name in real_names().values() if len(name) > 1}
    chinese = sorted(name for name in names if unicodedata.name(name[0]).startswith("CJK"))
    others = sorted(names - set(chinese), key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, others))})(?!\w)|{'|'.join(chinese)}")
    assert pattern.search("Visit to Austria in May") and pattern.search("访问法国") and pattern.search("زيارة إلى مصر")
    # The banks too: a seed that is tried here does not use every sentence.
    texts = {text for language in LANGUAGES for text in bank_sentences(read_bank(language))}
    with small_world.database.reading() as session:
        for model in MODELS:
            if model is not InstrumentVersion:
                texts |= {text for row in session.exec(select(model)) for text in row_texts(row)}
    assert len(set(MODELS)) == len(tables.metadata.tables)
    assert len(texts) > 2000
    assert [(text[:80], found[0]) for text in texts if (found := pattern.search(text))] == []


def row_texts(row: SQLModel) -> Iterator[str]:
    """Every text that a row holds, with what is inside JSON."""
    for value in row.model_dump().values():
        if isinstance(value, str) and value.startswith("{"):
            yield from strings(json.loads(value))
        else:
            yield from strings(value)


def test_every_kind_of_edge_case_is_there(small_world: Seeded) -> None:
    with small_world.database.reading() as session:
        documents = [json.loads(row.document) for row in session.exec(select(Submission))]
        typed = {row.item_id: row.typed for row in session.exec(select(Answer)) if row.typed is not None}
        names = [row.declared_name for row in session.exec(select(Submission))]
    answers = [(item_id, given["value"]) for document in documents for item_id, given in document["answers"].items()]
    texts = [text for _, value in answers for text in strings(value)]
    rows = [row for _, value in answers if isinstance(value, list) for row in value if isinstance(row, dict)]
    assert typed == UNREADABLE
    assert max(map(len, texts)) >= LONG_TEXT
    assert any(EMOJI in text for text in texts)
    assert ARABIC_MIXED in texts
    assert any(row.get("title") == FORMULA for row in rows)
    assert any(row.get("number") == "007" and row.get("articles") == "0012" for row in rows)
    assert any(len(row.get("title") or "") > 150 for row in rows)
    assert any(len(row.get("name") or "") > 60 for row in rows)
    assert max(map(len, names)) > 50
    figures = [value["cells"] for item_id, value in answers if item_id == "op5.persons"]
    assert any({float(number) for line in cells.values() for number in line.values()} == {0.0} for cells in figures)
    assert any(finding.endswith(":figures_total") for document in documents for finding in document["findings"])
    assert any("op4:op4_element_missing" in document["findings"] for document in documents)


def test_edge_cases_are_shared_out_to_one_state_in_twenty() -> None:
    for states, count in ((1, 1), (10, 1), (20, 1), (21, 2), (190, 10)):
        shared = share_out(states, seeded("test"))
        assert len(shared) == count
        assert {kind for kinds in shared for kind in kinds} == set(EDGES)


def test_figures_add_up_except_where_they_are_meant_not_to(small_world: Seeded) -> None:
    with small_world.database.reading() as session:
        wrong = [
            row.item_id
            for row in all_statistics(session)
            if "figures_total" in INSTRUMENT.items[row.item_id].findings(INSTRUMENT.items[row.item_id].load(row.value))
        ]
    assert wrong == ["op12.victims"]


def all_statistics(session: Session) -> list[Answer]:
    """Answers to the statistics tables."""
    return [row for row in session.exec(select(Answer)) if isinstance(row.value, dict) and "cells" in row.value]
