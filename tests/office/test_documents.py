"""The documents of one State through the programs of an office: the text of the PDF in logical order, the Word file opened and printed."""

from __future__ import annotations

import re
import subprocess
import unicodedata
from pathlib import Path

import pytest

from exports.document import print_response
from exports.passage import print_passage
from exports.pdf import write_pdf
from exports.word import write_passage, write_word
from instruments.values import Narrative
from tests.exports.printed import MOMENT, SEAL, make_source
from tests.office.test_libreoffice import convert

pytestmark = pytest.mark.office

TEXT = "تطبق المادة من القانون على الجرائم العابرة للحدود"
GIVEN = {
    "op4.status_practice": "partially_implemented",
    "op4.narrative": Narrative(text=TEXT, language="ar"),
    "op1.narrative": Narrative(text='#read("x") *b* $c$', language="en"),
}


def text_of(content: bytes, folder: Path) -> str:
    """The text as a reader copies it, without marks of direction."""
    file = folder / "document.pdf"
    file.write_bytes(content)
    done = subprocess.run(["pdftotext", str(file), "-"], check=True, capture_output=True, timeout=120)
    text = "".join(sign for sign in done.stdout.decode() if unicodedata.category(sign) != "Cf")
    return unicodedata.normalize("NFC", re.sub(r"\s+", " ", text))


@pytest.mark.parametrize("language", ["ar", "en", "zh", "ru"])
def test_arabic_words_of_the_pdf_are_in_logical_order(tmp_path: Path, language: str) -> None:
    text = text_of(write_pdf(print_response(make_source(GIVEN), language, answered_only=True)), tmp_path)
    assert TEXT in text
    assert '#read("x") *b* $c$' in text


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_pdf_is_tagged_and_keeps_to_pdf_ua(tmp_path: Path, language: str, caplog: pytest.LogCaptureFixture) -> None:
    # A moment as the clock of the server gives it.
    moment = MOMENT.replace(microsecond=123456)
    printed = print_response(make_source(GIVEN, submitted=True, moment=moment), language)
    content = write_pdf(printed)
    assert not caplog.records
    assert content == write_pdf(printed)
    file = tmp_path / "document.pdf"
    file.write_bytes(content)
    said = subprocess.run(["pdfinfo", str(file)], check=True, capture_output=True, timeout=60).stdout.decode()
    assert re.search(r"Tagged:\s+yes", said)
    assert SEAL.number in text_of(content, tmp_path)


def test_a_letter_that_no_font_has_does_not_stop_the_pdf(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    values = {**GIVEN, "op4.narrative": Narrative(text="before \U0010fffd after", language="en")}
    text = text_of(write_pdf(print_response(make_source(values), "en", answered_only=True)), tmp_path)
    assert "before" in text
    assert "PDF/UA" in caplog.text


def test_a_draft_says_so_on_every_page_of_the_pdf(tmp_path: Path) -> None:
    draft = text_of(write_pdf(print_response(make_source(GIVEN), "en")), tmp_path)
    sealed = text_of(write_pdf(print_response(make_source(GIVEN, submitted=True), "en")), tmp_path)
    pages = len(re.findall(r"Page \d+ of \d+", draft))
    assert pages > 5
    assert draft.count("DRAFT – not submitted") == pages
    assert "DRAFT" not in sealed


@pytest.mark.parametrize("language", ["ar", "en"])
def test_libreoffice_prints_the_word_file(tmp_path: Path, language: str) -> None:
    file = tmp_path / "answers.docx"
    file.write_bytes(write_word(print_response(make_source(GIVEN), language, answered_only=True)))
    assert TEXT in text_of(convert(tmp_path, file, "pdf").read_bytes(), tmp_path)


@pytest.mark.parametrize("language", ["ar", "en"])
def test_libreoffice_prints_the_passage_on_three_pages_at_most(tmp_path: Path, language: str) -> None:
    file = tmp_path / "passage.docx"
    source = make_source({"op5.cases": Narrative(text=TEXT, language="ar")}, submitted=True)
    file.write_bytes(write_passage(print_passage(source, language)))
    printed = convert(tmp_path, file, "pdf").read_bytes()
    assert TEXT in text_of(printed, tmp_path)
    said = subprocess.run(["pdfinfo", str(tmp_path / "document.pdf")], check=True, capture_output=True, timeout=60)
    assert int(re.findall(r"Pages:\s+(\d+)", said.stdout.decode())[0]) <= 3
