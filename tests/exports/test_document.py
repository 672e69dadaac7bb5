"""One State's answers as a document: every line of every item in every language, the three blanks apart, the receipt, the draft's mark."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any
from zipfile import ZipFile

import pytest
from docx.oxml.ns import qn

from exports.document import NOT_ANSWERED, DocumentSource, PrintedResponse, is_rtl, print_response
from exports.pdf import PdfUnavailable, as_data, choose_fonts
from exports.shape import gettext_in
from exports.word import write_word
from exports.word_parts import scripts
from instruments.catalog import load_instrument
from instruments.values import Chosen, Narrative
from languages import LANGUAGES, colon
from tests.exports.printed import (
    MOMENT,
    SEAL,
    has_watermark,
    head,
    is_right_to_left,
    make_source,
    read_word,
    runs,
    words,
)
from tests.instruments.examples import HARD

GIVEN: Mapping[str, Any] = {
    "op4.status_practice": "partially_implemented", "op4.status_law": "no_information",
    "op4.narrative": Narrative(text="تُطبَّق المادة 12 من القانون Act 45/2019.", language="ar"),
}  # fmt: skip


def expected_lines(source: DocumentSource, language: str) -> list[str]:
    """Every line of every answer in order, from the items themselves."""
    texts = source.instrument.texts_in(language)
    return [
        line.text
        for item_id, item in source.instrument.items.items()
        if item_id in source.asked and item_id in source.values
        for line in item.lines(source.values[item_id], texts)
    ]


def printed_lines(printed: PrintedResponse) -> list[str]:
    return [
        line.words.text
        for question in printed.questions
        for item in question.items
        if item.kind in {"answer", "no_information"}
        for line in item.lines
    ]


@pytest.mark.parametrize("answered_only", [False, True])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_of_every_answer_is_in_the_document_and_in_the_word_file(language: str, answered_only: bool) -> None:
    source = make_source()
    printed = print_response(source, language, answered_only=answered_only)
    expected = expected_lines(source, language)
    assert printed_lines(printed) == expected
    assert len(expected) > 300
    text = "\n".join(words(read_word(write_word(printed))))
    place = 0
    for line in expected:
        found = text.find(line.replace("\r\n", "\n"), place)
        assert found >= 0, line
        place = found


def test_the_three_blanks_are_three_things() -> None:
    printed = print_response(make_source(GIVEN), "en")
    question = next(question for question in printed.questions if question.question_id == "op4")
    kinds = {item.item_id: item.kind for item in question.items}
    assert kinds["op4.status_law"] == "no_information"
    assert NOT_ANSWERED in kinds.values()
    said = {item.kind: item.lines[0].words.text for item in question.items}
    assert (said["no_information"], said[NOT_ANSWERED]) == ("No information available", "Not answered")
    assert [remark.partition(": ")[0] for remark in question.remarks] == ["Not answered", "Not asked"]


def test_answered_only_leaves_out_what_has_no_answer_and_says_so() -> None:
    printed = print_response(make_source(GIVEN), "en", answered_only=True)
    assert [question.question_id for question in printed.questions] == ["op4"]
    (question,) = printed.questions
    assert {item.item_id for item in question.items} == set(GIVEN)
    assert "asked and not answered" in question.remarks[0]
    assert printed.left_out[0].startswith("Paragraphs asked and not answered: 1, 2, 3, 5")
    assert "Answers only" in dict(printed.facts).values()


def test_a_paragraph_that_is_not_asked_says_so_in_the_long_form() -> None:
    source = make_source(GIVEN)
    op17 = {item.id for item in load_instrument().questions["op17"].items}
    source = dataclasses.replace(source, asked=source.asked - op17)
    question = next(one for one in print_response(source, "en").questions if one.question_id == "op17")
    assert (question.items, question.remarks) == ((), ("Not asked of this State",))
    short = print_response(source, "en", answered_only=True)
    assert short.left_out[1] == "Paragraphs not asked of this State: 17"


def test_what_cannot_be_read_is_not_an_answer_and_is_not_hidden() -> None:
    source = make_source(GIVEN, unreadable=frozenset({"op4.narrative"}))
    printed = print_response(source, "en", answered_only=True)
    item = next(item for question in printed.questions for item in question.items if item.item_id == "op4.narrative")
    assert item.kind == "unreadable"
    assert "cannot be read" in item.lines[0].words.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_draft_is_marked_on_every_page_and_a_submission_is_not(language: str) -> None:
    draft = read_word(write_word(print_response(make_source(GIVEN), language)))
    sealed = read_word(write_word(print_response(make_source(GIVEN, submitted=True), language)))
    assert has_watermark(draft)
    assert not has_watermark(sealed)
    assert len(head(draft)) == 2
    assert len(head(sealed)) == 1
    assert SEAL.number in head(sealed)[0]
    cells = [cell.text for row in sealed.tables[0].rows for cell in row.cells]
    assert {SEAL.number, SEAL.sha256} <= set(cells)
    assert SEAL.number not in str([cell.text for row in draft.tables[0].rows for cell in row.cells])


def test_a_rehearsal_is_named_on_every_page() -> None:
    book = read_word(write_word(print_response(make_source(GIVEN, submitted=True), "en", rehearsal=True)))
    assert head(book)[0] == "Rehearsal: invented States and invented answers"


def test_arabic_runs_from_right_to_left_and_latin_inside_it_does_not() -> None:
    book = read_word(write_word(print_response(make_source(GIVEN), "ar")))
    assert all(is_right_to_left(paragraph) for paragraph in book.paragraphs if paragraph.text)
    paragraph = next(paragraph for paragraph in book.paragraphs if "45/2019" in paragraph.text)
    assert list(runs(paragraph)) == [("تُطبَّق المادة 12 من القانون ", True), ("Act 45/2019", False), (".", True)]


def test_a_range_of_numbers_runs_from_left_to_right_in_arabic() -> None:
    printed = print_response(make_source(GIVEN, cycle_title="2026–2027"), "ar")
    cells = [cell.text for row in read_word(write_word(printed)).tables[0].rows for cell in row.cells]
    assert "\u200e2026–2027\u200e" in cells
    assert [gettext_in("ar")("Round of reporting"), "\u20662026–2027\u2069"] in as_data(printed)["facts"]


def test_no_style_has_space_between_letters_which_would_tear_arabic_words_apart() -> None:
    book = read_word(write_word(print_response(make_source(GIVEN), "ar")))
    used = {paragraph.style.name for paragraph in book.paragraphs if paragraph.style is not None}
    assert "Title" in used
    assert not [name for name in used if book.styles[name].element.findall(f"{qn('w:rPr')}/{qn('w:spacing')}")]


def test_an_arabic_answer_in_an_english_document_begins_at_the_right() -> None:
    book = read_word(write_word(print_response(make_source(GIVEN), "en")))
    sides = {paragraph.text: is_right_to_left(paragraph) for paragraph in book.paragraphs}
    assert sides["تُطبَّق المادة 12 من القانون Act 45/2019."] is True
    assert sides["(Arabic)"] is False
    assert sum(sides.values()) == 1


@pytest.mark.parametrize("language", ["en", "fr", "ru", "es", "zh"])
def test_the_official_text_says_that_it_is_a_translation(language: str) -> None:
    translated = print_response(make_source(GIVEN), language)
    assert all(bool(q.note) == translated_is_unofficial(q.question_id, language) for q in translated.questions)
    assert not any(question.note for question in print_response(make_source(GIVEN), "ar").questions)


def translated_is_unofficial(question_id: str, language: str) -> bool:
    return load_instrument().texts_in(language).is_unofficial(f"{question_id}.paragraph")


def test_markup_and_control_characters_stay_text() -> None:
    values = {**GIVEN, "op4.narrative": Narrative(text=HARD + '\x07\x0b#read("x") $a$', language="en")}
    printed = print_response(make_source(values), "en")
    text = "\n".join(words(read_word(write_word(printed))))
    assert HARD + '��#read("x") $a$' in text
    assert "\x07" not in str(as_data(printed))


def test_the_same_facts_give_the_same_file() -> None:
    printed = print_response(make_source(submitted=True), "ru")
    content = write_word(printed)
    assert content == write_word(print_response(make_source(submitted=True), "ru"))
    properties = read_word(content).core_properties
    assert properties.created == MOMENT.replace(tzinfo=properties.created.tzinfo if properties.created else None)
    assert properties.author == ""
    import io

    assert {entry.date_time for entry in ZipFile(io.BytesIO(content)).infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_pages_are_numbered_by_the_word_processor() -> None:
    book = read_word(write_word(print_response(make_source(GIVEN), "fr")))
    xml = book.sections[0].footer._element.xml
    assert "NUMPAGES" in xml
    assert " PAGE " in xml


def test_words_of_several_answers_keep_their_label() -> None:
    instrument = load_instrument()
    item = next(item for item in instrument.items.values() if item.item_type == "difficulties")
    value = item.load({"chosen": {"codes": ["budget"], "other": ""}, "text": "Short"})
    assert value.chosen == Chosen(codes=("budget",), other="")
    source = make_source({item.id: value}, asked=frozenset({item.id}))
    texts = words(read_word(write_word(print_response(source, "fr", answered_only=True))))
    assert any(text.endswith(f"{colon('fr')}Short") for text in texts)


def test_stretches_of_one_direction_join_to_the_text() -> None:
    for text in ("المادة 12 (Act 45/2019) 2026-2027", "see المادة 12, then (b)", "", "12", "أ\nb 3"):
        for rtl in (True, False):
            assert "".join(part for part, _way in scripts(text, rtl)) == text
    assert list(scripts("من 2026-2027", True)) == [("من ", True), ("2026-2027", False)]
    assert list(scripts("see (المادة)", False)) == [("see (", False), ("المادة", True), (")", False)]
    assert is_rtl("12 المادة", False)
    assert not is_rtl("12", False)


def test_a_missing_font_is_named_with_its_remedy() -> None:
    latin = frozenset({"noto sans"})
    assert choose_fonts("Text", latin, "en") == ["Noto Sans"]
    for text, script, package in (("نص", "Arabic", "fonts-noto-core"), ("文", "Chinese", "fonts-noto-cjk")):
        with pytest.raises(PdfUnavailable) as refused:
            choose_fonts(text, latin, "en")
        assert (refused.value.missing, refused.value.remedy) == (script, f"apt install {package}")
    # Its text layer is garbled: it never comes in.
    assert "Noto Sans Arabic" not in choose_fonts(
        "نص", frozenset({"noto sans", "noto sans arabic", "dejavu sans"}), "ar"
    )
