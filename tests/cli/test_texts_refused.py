"""A translator's file with a problem is refused as a whole, with the row or line and the remedy."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from instruments.text_files import read_file
from tests.cli.translator import FORMATS, both, edit, edit_xliff, edit_xlsx, exported, refused, run
from tests.instruments.translated import change


@pytest.mark.parametrize("form", FORMATS)
def test_one_problem_keeps_everything_out(own: Path, form: str) -> None:
    path = exported(own, "fr", form)
    edit(path, "op1.lead", "Autre question")
    edit(path, "engine:error.date", "Date sans noms")
    said = refused(path, own, "engine:error.date lacks %(label)s, %(typed)s", "Nothing was changed: 1 problem in")
    assert re.search(r"Texts, row \d+: " if form == "xlsx" else r"line \d+: ", said)


@pytest.mark.parametrize("form", FORMATS)
def test_a_placeholder_too_many_is_refused(own: Path, form: str) -> None:
    path = exported(own, "fr", form)
    edit(path, "op1.lead", "Question %(name)s")
    refused(path, own, "op1.lead has %(name)s")


@pytest.mark.parametrize("form", FORMATS)
def test_a_text_in_the_wrong_script_is_refused(own: Path, form: str) -> None:
    path = exported(own, "ru", form)
    edit(path, "op1.lead", "Autre question")
    refused(path, own, "op1.lead holds no Cyrillic letter")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("text", "said"), [("", "is empty, and there is one in the text file"), ("a\nb", "holds a line break")]
)
def test_an_emptied_or_broken_text_is_refused(own: Path, form: str, text: str, said: str) -> None:
    path = exported(own, "fr", form)
    edit(path, "op1.lead", text)
    refused(path, own, f"the translation of op1.lead {said}")


@pytest.mark.parametrize("form", FORMATS)
def test_a_text_changed_here_and_there_is_refused(own: Path, form: str) -> None:
    path = exported(own, "fr", form)
    change(own, "fr", "op1.lead", "Un texte")
    edit(path, "op1.lead", "Autre texte")
    refused(path, own, "op1.lead was changed here and in the text file since the export. Export the texts again")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("old", "new", "said"), [
    ("op1.lead", "op1.leda", "there is no text 'op1.leda'. Put the key back"),
    ("op1.lead", "op1.label", "op1.label stands already in "),
    ("op1.lead", "", "no key"),
])  # fmt: skip
def test_an_unknown_a_double_and_a_lost_key_are_refused(own: Path, form: str, old: str, new: str, said: str) -> None:
    path = exported(own, "fr", form)
    if form == "xlsx":
        edit_xlsx(path, old, "Key", new or None)
    else:
        path.write_text(path.read_text(encoding="utf-8").replace(f'id="{old}"', f'id="{new}"'), encoding="utf-8")
        said = said.replace("no key", "no id")
    refused(path, own, said)


@pytest.mark.parametrize("form", FORMATS)
def test_a_source_text_that_was_changed_in_the_file_is_refused(own: Path, form: str) -> None:
    path = exported(own, "fr", form)
    if form == "xlsx":
        edit_xlsx(path, "op1.lead", "Source text", "Something else")
    else:
        source = read_file(own / "text.en.yaml", "en").texts["op1.lead"]
        text = path.read_text(encoding="utf-8").replace(f"<source>{source}</source>", "<source>Something else</source>")
        path.write_text(text, encoding="utf-8")
    refused(path, own, "the source text of op1.lead is not the one that was exported. Put it back, or export again.")


@pytest.mark.parametrize("form", FORMATS)
def test_texts_of_another_version_or_instrument_are_refused(own: Path, form: str) -> None:
    path = exported(own, "fr", form)
    structure = own / "instrument.yaml"
    structure.write_text(
        structure.read_text(encoding="utf-8").replace("version: '1'", "version: '2'"), encoding="utf-8"
    )
    refused(path, own, "The file holds texts of invented version 1; the folder holds invented version 2.")


@pytest.mark.parametrize("language", ["de", ""])
def test_a_workbook_of_another_language_is_refused(own: Path, language: str) -> None:
    path = exported(own)
    book = load_workbook(path)
    book["About"]["B4"] = language
    book.save(path)
    refused(path, own, f"The language {language!r} of the file is none of ar, zh, en, fr, ru, es.")


def test_an_xliff_of_another_language_is_refused(own: Path) -> None:
    path = exported(own, "fr", "xliff")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('target-language="fr"', 'target-language="es"'), encoding="utf-8")
    refused(path, own, "line 3: the target language is es, but the texts were exported for fr.")
    path.write_text(text.replace("invented/1/fr/", "invented/1/de/").replace('="fr"', '="de"'), encoding="utf-8")
    refused(path, own, "The language 'de' of the file is none of")
    path.write_text(text.replace("invented/1/fr/program", "invented/1/es/program"), encoding="utf-8")
    refused(path, own, "puts texts of several exports together")
    path.write_text(text.replace("invented/1/fr/program", "C:\\\\texts"), encoding="utf-8")
    refused(path, own, "not what was exported")


@pytest.mark.parametrize(("column", "value", "said"), [
    ("Translation", "=FORMULA()", "the cell under Translation holds a formula. Format it as text"),
    ("Translation", 1.5, "the cell under Translation holds a number or a date, not a text."),
    ("Translation", True, "the cell under Translation holds a number or a date"),
    ("Reviewed", "maybe", "under Reviewed stands 'maybe'. Write yes, or leave it empty."),
    ("Check", "abc", "the check of op1.lead was changed."),
])  # fmt: skip
def test_a_cell_of_the_wrong_kind_is_refused_with_its_row(own: Path, column: str, value: object, said: str) -> None:
    path = exported(own)
    edit_xlsx(path, "op1.lead", column, value)
    refused(path, own, "Texts, row ", said)


def spoil_sheet(book: Workbook) -> None:
    del book["Texts"]


def spoil_about(book: Workbook) -> None:
    del book["About"]


def spoil_head(book: Workbook) -> None:
    book["Texts"]["E1"] = "Traduction"


@pytest.mark.parametrize(("spoil", "said"), [
    (spoil_sheet, "has no sheet Texts"), (spoil_about, "has no sheet About"),
    (spoil_head, "the head of the column Translation is missing"),
])  # fmt: skip
def test_a_workbook_without_its_parts_is_refused(own: Path, spoil: Callable[[Workbook], None], said: str) -> None:
    path = exported(own)
    book = load_workbook(path)
    spoil(book)
    book.save(path)
    refused(path, own, said)


def test_a_broken_workbook_is_refused(own: Path) -> None:
    path = exported(own)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refused(path, own, "is not a whole workbook (.xlsx)")
    path.write_bytes(b"PK" + whole[200:])
    refused(path, own, "is not a whole workbook (.xlsx)")
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("nothing.txt", "here")
    refused(path, own, "is not a whole workbook (.xlsx)")
    with zipfile.ZipFile(own.parent / "fr2.xlsx", "w") as package, zipfile.ZipFile(exported(own)) as old:
        for part in old.infolist():
            content = old.read(part)
            package.writestr(part, content[:-40] if part.filename.endswith("sheet1.xml") else content)
    refused(own.parent / "fr2.xlsx", own, "is not a whole workbook (.xlsx)")


def test_a_workbook_that_unpacks_to_too_much_is_refused(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imports.texts_workbook.LARGEST_UNPACKED", 1000)
    refused(exported(own), own, "unpacks to more than 1000 bytes")


@pytest.mark.parametrize(("old", "new", "said"), [
    ("</trans-unit>", "", "the file is not whole XML"),
    ("<xliff", '<!DOCTYPE x [<!ENTITY a "b">]>\n<xliff', "declares a document type or entities"),
    ('<xliff version="1.2"', '<xliff version="2.0"', "it is no XLIFF 1.2, but <xliff> 2.0"),
    ('xmlns="urn:oasis:names:tc:xliff:document:1.2"', "", "it is no XLIFF 1.2"),
    ("<file ", "<other ", "not whole XML"),
    ("<target state=\"translated\">", '<target state="translated"><g id="1">x</g>', "holds an inline tag <g>"),
    ("encoding=\"UTF-8\"", 'encoding="none"', "The file cannot be read: unknown encoding"),
])  # fmt: skip
def test_a_broken_xliff_is_refused_with_its_line(own: Path, old: str, new: str, said: str) -> None:
    path = exported(own, "fr", "xliff")
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    assert re.search(r"line \d+|cannot be read", refused(path, own, said))


def test_an_entity_is_never_expanded(own: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    path = exported(own, "fr", "xliff")
    doctype = f'<!DOCTYPE xliff [<!ENTITY file SYSTEM "{(tmp_path / "secret").as_uri()}">]>\n<xliff'
    text = path.read_text(encoding="utf-8").replace("<xliff", doctype, 1)
    path.write_text(text, encoding="utf-8")
    edit_xliff(path, "op1.lead", "&file;")
    refused(path, own, "Remove the declaration.")


@pytest.mark.parametrize(("content", "said"), [
    (b"", "neither a workbook (.xlsx) nor XLIFF"), (b"key;text\n", "neither a workbook"), (b"<html></html>", "it is no XLIFF 1.2"),
    (b"\xff\xfe<\x00x\x00", "XML"), (b'<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2"/>', "holds no <file>"),
])  # fmt: skip
def test_another_kind_of_file_is_refused(own: Path, content: bytes, said: str) -> None:
    path = own.parent / "file.xlsx"
    path.write_bytes(content)
    refused(path, own, said)


def test_a_file_that_is_too_large_is_not_opened(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.texts.LARGEST_FILE", 10)
    refused(exported(own), own, "The file is larger than 10 bytes.")


def test_a_text_that_is_a_source_in_the_language_is_refused(own: Path) -> None:
    path = exported(own, "en", "xliff")
    text = path.read_text(encoding="utf-8").replace('id="op1.paragraph"', 'id="op1.lead"')
    path.write_text(text, encoding="utf-8")
    refused(path, own, "op1.lead is written in English and not translated into it.")


def test_files_that_cannot_be_written_stay_as_they_are(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = exported(own)
    edit_xlsx(path, "op1.lead", "Translation", "Autre question")
    before = both(own)

    def full(*_given: object, **_named: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("instruments.text_files._write_whole", full)
    result = run("import-texts", path, own)
    assert result.exit_code == 1
    assert result.output == "Error: Nothing was changed: the text files cannot be written (no space left).\n"
    assert both(own) == before


@pytest.mark.parametrize("command", [["report"], ["export-texts", "--language", "fr", "--out", "x"], ["adopt-texts"]])
def test_files_with_errors_are_named(own: Path, command: list[str]) -> None:
    (own / "text.fr.yaml").write_text("language: fr\n", encoding="utf-8")
    result = run(*command, own)
    assert (result.exit_code, "text.fr.yaml" in result.output) == (1, True)


def test_every_problem_is_named_at_once(own: Path) -> None:
    path = exported(own)
    edit_xlsx(path, "op1.lead", "Reviewed", "maybe")
    edit_xlsx(path, "op1.label", "Source text", "Something else")
    edit_xlsx(path, "engine:error.date", "Translation", "Date")
    refused(path, own, "'maybe'", "the source text of op1.label", "engine:error.date lacks", "3 problems in fr.xlsx")
