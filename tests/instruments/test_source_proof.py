"""The Arabic paragraphs shown to States are those of the document, letter by letter."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from instruments.catalog import SHIPPED, load_instrument
from instruments.source_proof import (
    Correction,
    Corrections,
    Normalization,
    SourceMismatch,
    prove,
    prove_folder,
    read_corrections,
)

PINNED = "5f13a6a507f27821f7f323cb0d2751176e8d13e336e280e646ad01c6867c65ca"
OCR = (SHIPPED / "source" / "ocr.txt").read_bytes()
CORRECTIONS = read_corrections(SHIPPED / "source" / "corrections.yaml")
INSTRUMENT = load_instrument()
PARAGRAPHS = {
    question.number: INSTRUMENT.texts["ar"][f"{question.id}.paragraph"] for question in INSTRUMENT.questions.values()
}
OPERATIVE = [correction for correction in CORRECTIONS.ocr_corrections if correction.paragraph in PARAGRAPHS]
USED_LAYOUT = [entry for entry in CORRECTIONS.layout_normalizations if entry.kind not in {"outside", "kept"}]


def test_all_28_paragraphs_stand_in_the_pinned_document() -> None:
    proven = prove_folder()

    assert INSTRUMENT.document["sha256"] == PINNED
    assert [paragraph.number for paragraph in proven] == [
        *map(str, range(1, 14)), *(f"13({letter})" for letter in "abcdefghijk"), *map(str, range(14, 18)),
    ]  # fmt: skip
    assert [paragraph.start for paragraph in proven] == sorted(paragraph.start for paragraph in proven)


def test_every_correction_of_an_operative_paragraph_is_undone_exactly_once() -> None:
    undone = [entry for paragraph in prove_folder() for entry in paragraph.undone if entry.startswith("C")]

    assert sorted(undone) == sorted(correction.id for correction in OPERATIVE)
    assert len(undone) == len(set(undone)) == 20


def test_every_layout_normalization_is_undone_where_it_is_listed() -> None:
    undone = [(entry, paragraph.number) for paragraph in prove_folder() for entry in paragraph.undone]

    listed = [(entry.id, number) for entry in USED_LAYOUT for number in entry.where]
    assert sorted(pair for pair in undone if pair[0].startswith("L")) == sorted(listed)


def changed_letter(text: str, index: int) -> str:
    """The text with one Arabic letter replaced by another."""
    return text[:index] + ("ب" if text[index] != "ب" else "ت") + text[index + 1 :]


@pytest.mark.parametrize("number", PARAGRAPHS)
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_one_changed_letter_fails(number: str, where: str) -> None:
    text = PARAGRAPHS[number]
    letters = [index for index, character in enumerate(text) if character.isalpha()]
    index = {"first": letters[0], "middle": letters[len(letters) // 2], "last": letters[-1]}[where]

    with pytest.raises(SourceMismatch, match=f"Paragraph {number}".replace("(", r"\(").replace(")", r"\)")):
        prove({**PARAGRAPHS, number: changed_letter(text, index)}, OCR, CORRECTIONS, PINNED)


@pytest.mark.parametrize("number", PARAGRAPHS)
def test_a_lost_or_an_added_character_fails(number: str) -> None:
    text = PARAGRAPHS[number]

    for other in (text[:-1], f"{text} ", text.replace(" ", "  ", 1), text.replace(" ", "", 1)):
        with pytest.raises(SourceMismatch):
            prove({**PARAGRAPHS, number: other}, OCR, CORRECTIONS, PINNED)


@pytest.mark.parametrize("correction", OPERATIVE, ids=lambda correction: correction.id)
def test_a_correction_that_is_not_listed_fails(correction: Correction) -> None:
    fewer = tuple(other for other in CORRECTIONS.ocr_corrections if other is not correction)

    with pytest.raises(SourceMismatch, match=r"Paragraph"):
        prove(PARAGRAPHS, OCR, CORRECTIONS.model_copy(update={"ocr_corrections": fewer}), PINNED)


def with_correction(paragraph: str, as_printed: str, corrected: str) -> Corrections:
    """The corrections with one more at the end."""
    more = Correction(
        id="C99", paragraph=paragraph, as_printed=as_printed, corrected=corrected, reason="-", confidence="high"
    )
    return CORRECTIONS.model_copy(update={"ocr_corrections": (*CORRECTIONS.ocr_corrections, more)})


@pytest.mark.parametrize(
    "corrections",
    [
        pytest.param(with_correction("3", "يهيب بمكتب", "لا يرد هنا"), id="its words are not in the paragraph"),
        pytest.param(with_correction("18", "يهيب بمكتب", "يهيب بالمكتب"), id="its paragraph does not exist"),
        pytest.param(with_correction("3", "لا يرد في الوثيقة", "يهيب بمكتب"), id="its misreading is nowhere"),
        pytest.param(with_correction("7", "التعاون", "تعزيز"), id="its words stand more than once"),
        pytest.param(with_correction("1", OPERATIVE[0].as_printed, OPERATIVE[0].corrected), id="it is listed twice"),
    ],
)
def test_an_unused_correction_fails(corrections: Corrections) -> None:
    with pytest.raises(SourceMismatch):
        prove(PARAGRAPHS, OCR, corrections, PINNED)


@pytest.mark.parametrize(
    ("entry", "number"),
    [(entry, number) for entry in USED_LAYOUT for number in entry.where],
    ids=lambda value: value.id if isinstance(value, Normalization) else value,
)
def test_a_layout_normalization_that_is_not_listed_fails(entry: Normalization, number: str) -> None:
    where = tuple(other for other in entry.where if other != number) or ("14",)
    letters = {other: letter for other, letter in entry.letters.items() if other in where}
    less = entry.model_copy(update={"where": where, "letters": letters})
    entries = tuple(less if other is entry else other for other in CORRECTIONS.layout_normalizations)

    with pytest.raises(SourceMismatch):
        prove(PARAGRAPHS, OCR, CORRECTIONS.model_copy(update={"layout_normalizations": entries}), PINNED)


@pytest.mark.parametrize("change", [lambda ocr: ocr + b"\n", lambda ocr: ocr[:-1], lambda ocr: b" " + ocr[1:]])
def test_a_changed_byte_of_the_document_fails(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(SourceMismatch, match="SHA-256"):
        prove(PARAGRAPHS, change(OCR), CORRECTIONS, PINNED)


def test_the_letters_decide_even_when_the_digest_is_that_of_the_changed_document() -> None:
    changed = OCR.replace("يهيب بالدول".encode(), "يدعو الدول".encode())

    with pytest.raises(SourceMismatch, match="Paragraph 12"):
        prove(PARAGRAPHS, changed, CORRECTIONS, hashlib.sha256(changed).hexdigest())


@pytest.mark.parametrize("left_out", ["1", "8", "13(k)", "17"])
def test_a_paragraph_that_is_left_out_fails(left_out: str) -> None:
    fewer = {number: text for number, text in PARAGRAPHS.items() if number != left_out}

    with pytest.raises(SourceMismatch):
        prove(fewer, OCR, CORRECTIONS, PINNED)


def test_two_paragraphs_in_the_wrong_order_fail() -> None:
    numbers = list(PARAGRAPHS)
    numbers[3], numbers[4] = numbers[4], numbers[3]

    with pytest.raises(SourceMismatch, match="Paragraph 5"):
        prove({number: PARAGRAPHS[number] for number in numbers}, OCR, CORRECTIONS, PINNED)
