"""The passage on a State: what it says is what the State submitted, in six languages, near 600 words, with its consent."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from docx.oxml.ns import qn

from exports.passage import CountryPassage, is_possible, print_passage
from exports.topics import PARAGRAPH_15, find_topics
from exports.word import write_passage
from exports.words import count_words, shorten
from instruments.catalog import SHIPPED, load_instrument
from instruments.items.legal_references import LegalReference
from instruments.values import Chosen, GoodPractice, Narrative, Statistics
from languages import LANGUAGES
from tests.exports.builders import random_values
from tests.exports.printed import MOMENT, SEAL, head, is_right_to_left, make_source, read_word, runs, words

NAMED = Chosen(codes=("op5", "op9", "op12", "op13a", "op13b", "op13d", "op13e", "op13g"))
OPEN: dict[str, Any] = {"op15.answers": NAMED, "op15.quoting": "by_name"}
CASE = "Regional court, 2024: nine years for recruitment into forced labour."
GIVEN: dict[str, Any] = {
    **OPEN,
    "op5.status_practice": "partially_implemented",
    "op5.status_law": "no_information",
    "op5.persons": Statistics(cells={"convicted": {"2024": Decimal(7), "2025": Decimal(3)}, "prosecuted.female": {"2025": Decimal(41)}}),
    "op5.laws": (LegalReference(row_id="r1", title="Trafficking Act", number="45/2019", articles="7"),),
    "op5.cases": Narrative(text=CASE, language="en"),
    "op13g.cases": Narrative(text="قضية عام 2023", language="ar"),
    "op9.practice": GoodPractice(text="Banks and police meet monthly.", consent=True),
    "op12.practice": GoodPractice(text="A practice kept back.", consent=False),
}  # fmt: skip


def make_passage(values: Mapping[str, Any], language: str = "en", **given: Any) -> CountryPassage:
    return print_passage(make_source(values, submitted=True), language, **given)


def full_response(seed: int) -> dict[str, Any]:
    """An answer to everything, named for the report and open to quotation."""
    return {**random_values(load_instrument(), random.Random(seed), 1.0), **OPEN}


def said(passage: CountryPassage) -> str:
    """The subjects as one text, without the table at the beginning and the validation at the end."""
    lines = [
        f"{paragraph.label} {line.label} {line.words.text} ({line.tag})"
        for topic in passage.topics
        for paragraph in topic.paragraphs
        for line in (*paragraph.lines, *paragraph.blanks)
    ]
    return "\n".join(lines)


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:\.\d+)?", text))


@pytest.mark.parametrize("seed", range(3))
def test_every_number_is_one_that_the_state_submitted(seed: int) -> None:
    values, instrument = full_response(seed), load_instrument()
    source = make_source(values, submitted=True)
    texts = instrument.texts_in("en")
    stated = [item for topic in find_topics(instrument, PARAGRAPH_15) for item in topic.stated]
    answers = [line for item in stated if item.id in source.asked for line in item.lines(values[item.id], texts)]
    given = {number for line in answers for number in numbers(f"{line.label} {line.text}")}
    own = {number for item in stated for number in numbers(f"{item.label(texts)} {item.question_id}")}
    text = re.sub(r"and \d+ more in the workbook", "", said(print_passage(source, "en")))
    assert len(numbers(text)) > 20
    assert numbers(text) <= given | own


def test_figures_are_of_the_last_year_and_no_total_is_worked_out() -> None:
    text = said(make_passage(GIVEN))
    assert "2025 Persons prosecuted – Female: 41; Persons convicted: 3" in text
    assert "2024" not in text.partition("Laws")[0]


def test_figures_say_what_is_counted() -> None:
    cells = {"investigations": {"2025": Decimal(12)}, "convicted": {"2025": Decimal(2)}}
    text = said(make_passage({**GIVEN, "op9.proceedings": Statistics(cells=cells)}))
    label = "Money-laundering proceedings with trafficking in persons as the predicate offence"
    assert f"{label}, 2025 Investigations opened: 12; Persons convicted: 2" in text


def test_another_answer_is_another_passage() -> None:
    changed = {**GIVEN, "op5.persons": Statistics(cells={"convicted": {"2025": Decimal(4)}})}
    assert "Persons convicted: 3" in said(make_passage(GIVEN))
    assert "Persons convicted: 4" in said(make_passage(changed))


def test_the_three_blanks_and_no_information_are_four_things() -> None:
    values = {key: value for key, value in GIVEN.items() if key != "op5.laws"}
    passage = make_passage({**values, "op13b.status_practice": "not_implemented", "op13b.results": None})
    text = said(passage)
    assert "Status in law No information available" in text
    assert "Status in practice Not implemented" in text
    assert "Not answered Persons convicted, by sentence; Laws and regulations; Description" in text
    counts = dict(passage.facts)["Items of the paragraphs reflected here"]
    assert re.fullmatch(r"7 answered, 1 no information available, \d+ not answered, \d+ not asked", counts), counts
    unasked = make_source(values, submitted=True, asked=frozenset({"op5.cases", "op5.status_law"}))
    text = said(print_passage(unasked, "en"))
    assert (
        "Not asked Status in practice; Persons prosecuted, convicted and acquitted for trafficking in persons" in text
    )
    assert "Not answered" not in text


def test_what_is_quoted_names_its_language_and_says_when_it_is_shortened() -> None:
    long = {**GIVEN, "op5.cases": Narrative(text=" ".join(f"word{n}" for n in range(400)), language="fr")}
    assert f"“{CASE}” (English)" in said(make_passage(GIVEN))
    assert "“قضية عام 2023” (Arabic)" in said(make_passage(GIVEN))
    assert "“Banks and police meet monthly.” (language not stated)" in said(make_passage(GIVEN))
    shown = said(make_passage(long))
    assert re.search(r"“word0 word1 .* word\d+ …” \(French; shortened; whole in the workbook\)", shown)
    assert "word399" not in shown


def test_a_practice_without_consent_is_not_quoted_and_its_paragraph_is_named() -> None:
    text = said(make_passage(GIVEN))
    assert "A practice kept back." not in text
    assert "Answered, and not quoted, as the State chose 12" in text


@pytest.mark.parametrize("quoting", ["not_quoted", "without_name"])
def test_nothing_is_quoted_of_a_state_that_does_not_agree(quoting: str) -> None:
    values = {
        **GIVEN, "op15.quoting": quoting, "op12.methods": Chosen(codes=("hotline", "other"), other="In their own words"),
    }  # fmt: skip
    passage = make_passage(values)
    text = said(passage)
    assert CASE not in text
    assert "Banks and police" not in text
    assert "In their own words" not in text
    assert "Answered, and not quoted, as the State chose 5; 13(g)" in text
    assert "Persons convicted: 3" in text
    assert "Trafficking Act, 45/2019" in text
    assert not any("quotation marks" in note.text for note in passage.notes)


def test_paragraphs_that_the_state_has_not_named_are_left_out_and_said_to_be() -> None:
    passage = make_passage({**GIVEN, "op15.answers": Chosen(codes=("op9",))})
    text = said(passage)
    assert "Persons convicted" not in text
    assert CASE not in text
    assert "Paragraphs that the State has not named for the report 5; 12" in text
    assert "Banks and police" in text
    none = make_passage({**GIVEN, "op15.answers": Chosen(codes=("none",))})
    assert "Banks and police" not in said(none)
    assert dict(none.facts)["Answers that may be reflected in the report"] == "None of these"


def test_a_state_that_has_not_said_which_gets_all_and_is_told() -> None:
    passage = make_passage({key: value for key, value in GIVEN.items() if key not in OPEN})
    assert dict(passage.facts)["Answers that may be reflected in the report"] == "Not answered"
    assert CASE in said(passage)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("seed", range(4))
def test_a_full_response_gives_some_600_words_in_every_language(language: str, seed: int) -> None:
    book = read_word(write_passage(make_passage(full_response(seed), language)))
    cells = [cell.text for table in book.tables for row in table.rows for cell in row.cells]
    counted = sum(count_words(text) for text in (*words(book), *cells))
    assert 450 <= counted <= 700


def test_hostile_texts_do_not_make_it_longer() -> None:
    long = "x" * 50_000
    values = {
        **full_response(1), "op5.cases": Narrative(text=long, language="en"), "op5.narrative": Narrative(text="a " * 30_000, language="en"),
        "op5.laws": tuple(LegalReference(row_id=f"r{n}", title=f"Law {n} " + "of many words " * 60) for n in range(30)),
    }  # fmt: skip
    passage = make_passage(values)
    assert sum(map(count_words, passage.texts())) <= 700
    assert long not in said(passage)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_in_its_own_words(language: str) -> None:
    values = full_response(2)
    passage, english = make_passage(values, language), make_passage(values)
    assert [len(topic.paragraphs) for topic in passage.topics] == [len(topic.paragraphs) for topic in english.topics]
    assert said(passage).count("\n") == said(english).count("\n")
    strip = str.maketrans("", "", "“”«»\u00a0")
    shown = [
        line.words.text for topic in passage.topics for group in topic.paragraphs for line in group.lines if line.tag
    ]
    same = [
        line.words.text for topic in english.topics for group in topic.paragraphs for line in group.lines if line.tag
    ]
    assert [text.translate(strip) for text in shown] == [text.translate(strip) for text in same]
    assert shown
    status = load_instrument().items["op5.status_practice"]
    (line,) = status.lines(values[status.id], load_instrument().texts_in(language))
    assert line.text in said(passage)


def test_arabic_runs_from_right_to_left() -> None:
    book = read_word(write_passage(make_passage(full_response(2), "ar")))
    paragraphs = [paragraph for paragraph in book.paragraphs if paragraph.text]
    cells = [
        paragraph for table in book.tables for row in table.rows for cell in row.cells for paragraph in cell.paragraphs
    ]
    foreign = [paragraph for paragraph in paragraphs if not is_right_to_left(paragraph)]
    # A quotation from another script keeps its side, on a line of its own.
    assert all(re.search("[A-Za-z\u0400-\u04ff\u4e00-\u9fff]", paragraph.text) for paragraph in foreign)
    assert len(foreign) < len(paragraphs) / 4
    assert all(is_right_to_left(paragraph) for paragraph in cells)
    marked = [way for paragraph in paragraphs for text, way in runs(paragraph) if re.search("[\u0621-\u064a]", text)]
    assert len(marked) > 50
    assert all(marked)
    assert book.sections[0]._sectPr.find(qn("w:bidi")) is not None


def test_the_file_says_what_it_is_on_every_page_and_has_room_for_the_state() -> None:
    book = read_word(write_passage(make_passage(GIVEN, rehearsal=True)))
    assert head(book)[0] == (
        "Rehearsal: invented States and invented answers · "
        "Draft passage for validation by the State; as reported by the State, not verified"
    )
    assert SEAL.number in head(book)[1]
    rows = [[cell.text for cell in row.cells] for table in book.tables for row in table.rows]
    assert ["Receipt number", SEAL.number] in rows
    assert ["Received", "30 June 2026, 14:02 (UTC)"] in rows
    assert [row for row in rows if not row[1]] == [
        ["Corrections", ""], ["Name", ""], ["Title and office", ""], ["Date", ""], ["Signature", ""],
    ]  # fmt: skip
    assert "☐ Agreed   ☐ Agreed with the corrections below   ☐ Not agreed" in words(book)
    assert any("Small counts of persons stand as given" in text for text in words(book))


def test_the_same_submission_gives_the_same_file() -> None:
    content = write_passage(make_passage(GIVEN, "ru"))
    assert content == write_passage(make_passage(GIVEN, "ru"))
    created = read_word(content).core_properties.created
    assert created is not None
    assert created.replace(tzinfo=MOMENT.tzinfo) == MOMENT


def test_a_draft_has_no_passage() -> None:
    with pytest.raises(ValueError, match="submission"):
        print_passage(make_source(GIVEN), "en")


def test_a_questionnaire_without_these_paragraphs_has_none() -> None:
    assert is_possible(load_instrument())
    assert not is_possible(load_instrument(SHIPPED.parents[1] / "sample-follow-up" / "1"))


def test_words_are_counted_in_every_script() -> None:
    assert count_words("One, two – three.") == 3
    assert count_words("二零二五年定罪") == 4
    assert count_words("Statut en droit\u00a0: oui") == 4
    assert count_words("https://ministry.example/a/very/long/address") == 2
    assert shorten("one two,\nthree", 2) == ("one two …", True)
    assert shorten("one\n two", 2) == ("one two", False)
    assert shorten("定罪和判刑", 2) == ("定罪和判 …", True)
    assert shorten("x" * 100, 1) == (f"{'x' * 20} …", True)
