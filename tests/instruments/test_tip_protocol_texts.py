"""The texts of the shipped questionnaire: complete in six languages, marked as what they are, free of judgement."""

from __future__ import annotations

import re
import unicodedata

import pytest

from instruments.catalog import DATA, SHIPPED, load_instrument, read_document
from instruments.loader import read_strict
from instruments.report import main
from instruments.soundness import needed_text_keys, optional_text_keys
from languages import LANGUAGES

INSTRUMENT = load_instrument()
QUESTIONS = list(INSTRUMENT.questions.values())
every_language = pytest.mark.parametrize("language", LANGUAGES)
PLACEHOLDER = re.compile(r"%\(\w+\)s")


def own_texts(language: str) -> dict[str, str]:
    """The texts of one language, as its files have them."""
    return INSTRUMENT.texts[language]


def test_the_report_finds_nothing_missing_stale_or_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(SHIPPED)]) == 0, capsys.readouterr().out


@every_language
def test_every_text_is_there_in_every_language(language: str) -> None:
    missing = {key for key in needed_text_keys(INSTRUMENT) if key not in own_texts(language)}
    assert not missing


@every_language
def test_hints_helps_and_notes_are_there_in_every_language_or_in_none(language: str) -> None:
    optional = set(optional_text_keys(INSTRUMENT)) | {
        key for key in own_texts("en") if key.endswith((".hint", ".help"))
    }
    assert {key for key in optional if key in own_texts("en")} == {
        key for key in optional if key in own_texts(language)
    }


@every_language
def test_texts_are_clean_and_hold_the_same_placeholders(language: str) -> None:
    for key, text in own_texts(language).items():
        assert text == text.strip() == unicodedata.normalize("NFC", text), key
        assert "  " not in text, key
        assert not re.search("[٠-٩۰-۹]", text) or language != "ar" or key.endswith(".paragraph"), (
            f"{key}: digits are 0-9"
        )
        assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(own_texts("en").get(key, text))), key


@every_language
def test_labels_of_one_list_can_be_told_apart(language: str) -> None:
    texts = INSTRUMENT.texts_in(language)
    for choice_list in INSTRUMENT.choice_lists():
        labels = [str(texts.option(choice_list.name, code)) for code in choice_list.codes]
        assert len(set(labels)) == len(labels), choice_list.name
    for question in QUESTIONS:
        labels = [str(item.label(texts)) for item in question.items]
        assert len(set(labels)) == len(labels), question.id


def test_the_translated_paragraphs_are_marked_as_unofficial_and_the_arabic_ones_are_the_source() -> None:
    paragraphs = {f"{question.id}.paragraph" for question in QUESTIONS}
    for language in set(LANGUAGES) - {"ar"}:
        assert INSTRUMENT.unofficial[language] == paragraphs
    assert not INSTRUMENT.unofficial["ar"]
    for language in LANGUAGES:
        texts = INSTRUMENT.texts_in(language)
        for key in paragraphs:
            assert texts.is_unofficial(key) == (language != "ar")
            assert not texts(key).is_fallback


def test_texts_say_nothing_of_scores_ranks_or_failure() -> None:
    for key, text in own_texts("en").items():
        assert not re.search(
            r"\b(score|rank|grade|comply|compliance|non-compliant|failed|largely)\b", text, re.IGNORECASE
        ), f"{key}: {text}"


@every_language
def test_every_language_says_that_the_questionnaire_complements_and_nothing_was_verified(language: str) -> None:
    for key in ("instrument.complements", "instrument.verification"):
        assert len(own_texts(language)[key]) > 10


def test_no_two_files_hold_the_same_key() -> None:
    for language in LANGUAGES:
        engine = read_strict(DATA / "engine" / f"text.{language}.yaml")["texts"]
        own = read_strict(SHIPPED / f"text.{language}.yaml")["texts"]
        assert not set(engine) & set(own)


def test_the_same_files_give_the_same_fingerprint() -> None:
    read_document.cache_clear()
    load_instrument.cache_clear()
    assert load_instrument().sha256 == INSTRUMENT.sha256
