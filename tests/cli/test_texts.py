"""Texts go to a translator and come back: unchanged without a trace, changed with care."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from openpyxl import load_workbook

from instruments.text_files import read_file, write_files
from instruments.translation import adopt, read_folder, review_digest
from languages import LANGUAGES
from tests.cli.translator import FORMATS, both, edit, edit_xliff, edit_xlsx, exported, french, run
from tests.instruments.translated import ODD, change


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_way_there_and_back_changes_no_byte(own: Path, language: str, form: str) -> None:
    before = both(own)
    result = run("import-texts", exported(own, language, form), own)
    assert result.exit_code == 0, result.output
    assert result.output == "No text changed.\n"
    assert both(own) == before


@pytest.mark.parametrize("form", FORMATS)
def test_the_way_there_and_back_changes_no_byte_of_what_is_missing_stale_reviewed_or_out_of_order(
    own: Path, form: str
) -> None:
    change(own, "fr", "op1.label", None)
    change(own, "en", "op1.lead", "Another question")
    file = french(own)
    file.reviewed["op1.why.label"] = review_digest(
        read_file(own / "text.en.yaml", "en").texts["op1.why.label"], file.texts["op1.why.label"]
    )
    file.path.write_text(file.written(reversed(list(file.texts))), encoding="utf-8")
    before = both(own)
    result = run("import-texts", exported(own, "fr", form), own)
    assert (result.exit_code, result.output) == (0, "No text changed.\n")
    assert both(own) == before


@pytest.mark.parametrize("form", FORMATS)
def test_a_text_comes_back_as_it_was_typed(own: Path, form: str) -> None:
    keys = [key for key in french(own).texts if key.startswith("list.") or key.endswith(".label")]
    odd = dict(zip(keys, ODD, strict=False))
    assert len(odd) == len(ODD)
    for key, text in odd.items():
        change(own, "en", key, text)
        change(own, "fr", key, f"{text} Texte")
    write_files(adopt(read_folder(own, own.parent / "engine"), stale=True))
    before = both(own)
    path = exported(own, "fr", form)
    assert run("import-texts", path, own).output == "No text changed.\n"
    assert both(own) == before
    edit(path, "op1.lead", "=1+1 Texte &lt;" if form == "xliff" else "=1+1 Texte <")
    assert run("import-texts", path, own).exit_code == 0
    assert french(own).texts["op1.lead"] == "=1+1 Texte <"
    assert {key: french(own).texts[key] for key in odd} == {key: f"{text} Texte" for key, text in odd.items()}


@pytest.mark.parametrize("form", FORMATS)
def test_changed_texts_are_taken_over_into_both_files(own: Path, form: str) -> None:
    path = exported(own, "fr", form)
    edit(path, "op1.lead", "Autre question")
    edit(path, "engine:list.answer_language.fr", "Le français")
    before = both(own)
    planned = run("import-texts", path, own, "--dry-run")
    assert planned.exit_code == 0
    assert "2 texts would be changed." in planned.output
    assert both(own) == before
    result = run("import-texts", path, own)
    assert result.exit_code == 0, result.output
    assert "changed    op1.lead" in result.output
    assert "publish the next version" in result.output
    assert french(own).texts["op1.lead"] == "Autre question"
    assert french(own, engine=True).texts["list.answer_language.fr"] == "Le français"
    assert {path for path, content in both(own).items() if before[path] != content} == {
        own / "text.fr.yaml", own.parent / "engine" / "text.fr.yaml",
    }  # fmt: skip
    assert run("report", own, "--language", "fr").exit_code == 0
    # A second time there is nothing to do.
    assert run("import-texts", exported(own, "fr", form), own).output == "No text changed.\n"


@pytest.mark.parametrize("form", FORMATS)
def test_a_missing_text_is_added_and_a_paragraph_is_marked_as_unofficial(own: Path, form: str) -> None:
    change(own, "fr", "op1.label", None)
    assert run("report", own).exit_code == 1
    path = exported(own, "fr", form)
    edit(path, "op1.label", "Nom")
    edit(path, "op1.paragraph", "Prie instamment")
    assert run("import-texts", path, own).exit_code == 0
    file = french(own)
    assert (file.texts["op1.label"], file.unofficial) == ("Nom", ["op1.paragraph"])
    assert list(file.texts)[:3] == ["instrument.title", "instrument.short_title", "instrument.complements"]
    assert run("report", own).exit_code == 0


@pytest.mark.parametrize("form", FORMATS)
def test_a_review_is_noted_and_ends_with_the_next_change(own: Path, form: str) -> None:
    path = exported(own, "fr", form)
    edit(path, "op1.lead", "Texte relu", reviewed=True)
    edit(path, "op1.label", french(own).texts["op1.label"], reviewed=True)
    assert run("import-texts", path, own).exit_code == 0
    assert set(french(own).reviewed) == {"op1.lead", "op1.label"}
    assert "not reviewed" not in run("import-texts", exported(own, "fr", form), own).output
    # The mark stays where it was while the text is changed: that says nothing about the new text.
    path = exported(own, "fr", form)
    edit(path, "op1.lead", "Texte nouveau", reviewed=True)
    result = run("import-texts", path, own)
    assert "op1.lead: changed after its review, so it counts as not reviewed." in result.output
    assert set(french(own).reviewed) == {"op1.label"}
    # Taking the mark away is enough, too.
    path = exported(own, "fr", form)
    if form == "xlsx":
        edit_xlsx(path, "op1.label", "Reviewed", None)
    else:
        edit_xliff(path, "op1.label", french(own).texts["op1.label"], "needs-review-translation")
    assert "no longer reviewed op1.label" in run("import-texts", path, own).output
    assert french(own).reviewed == {}


@pytest.mark.parametrize("form", FORMATS)
def test_an_old_export_takes_no_later_review_and_no_later_text_away(own: Path, form: str) -> None:
    path = exported(own, "fr", form)
    change(own, "fr", "op1.label", "Nom nouveau")
    file = french(own)
    file.reviewed["op1.why.label"] = review_digest(
        read_file(own / "text.en.yaml", "en").texts["op1.why.label"], file.texts["op1.why.label"]
    )
    file.path.write_text(file.written(file.texts), encoding="utf-8")
    before = both(own)
    result = run("import-texts", path, own)
    assert "1 text changed in the text files since the export and not in this file: left as they are." in result.output
    assert both(own) == before


@pytest.mark.parametrize("form", FORMATS)
def test_a_translation_of_a_source_that_has_changed_since_is_taken_over_and_stays_stale(own: Path, form: str) -> None:
    path = exported(own, "fr", form)
    change(own, "en", "op1.lead", "Another question")
    edit(path, "op1.lead", "Autre question", reviewed=True)
    result = run("import-texts", path, own)
    assert result.exit_code == 0, result.output
    assert "1 text translated from a source text that has changed since: taken over, and still stale." in result.output
    assert french(own).texts["op1.lead"] == "Autre question"
    assert french(own).reviewed == {}
    said = run("report", own, "--language", "fr")
    assert (said.exit_code, "fr stale: op1.lead" in said.output) == (1, True)


@pytest.mark.parametrize("form", FORMATS)
def test_a_stale_text_that_still_fits_is_confirmed_without_a_change(own: Path, form: str) -> None:
    change(own, "en", "op1.lead", "Another question")
    path = exported(own, "fr", form)
    same = french(own).texts["op1.lead"]
    edit(path, "op1.lead", same, reviewed=form == "xlsx")
    assert run("import-texts", path, own).exit_code == 0
    assert run("report", own, "--language", "fr").exit_code == 0
    assert ("op1.lead" in french(own).reviewed) is (form == "xlsx")


def test_rows_may_be_left_out(own: Path) -> None:
    path = exported(own)
    edit_xlsx(path, "op1.lead", "Translation", "Autre question")
    book = load_workbook(path)
    book["Texts"].delete_rows(2, 3)
    book.save(path)
    result = run("import-texts", path, own)
    assert result.exit_code == 0, result.output
    assert "3 texts not in the file and left as they are." in result.output
    assert french(own).texts["op1.lead"] == "Autre question"


def test_a_number_that_a_program_made_of_digits_is_text_again(own: Path) -> None:
    path = exported(own)
    edit_xlsx(path, "op1.number", "Translation", 12)
    assert run("import-texts", path, own).exit_code == 0
    assert french(own).texts["op1.number"] == "12"


def test_a_segment_mark_a_suggestion_and_a_region_of_the_language_are_no_obstacle(own: Path) -> None:
    path = exported(own, "fr", "xliff")
    edit_xliff(path, "op1.lead", '<mrk mtype="seg" mid="0">Autre</mrk> question')
    text = path.read_text(encoding="utf-8").replace('target-language="fr"', 'target-language="fr-FR"')
    suggestion = "<alt-trans><source>Old</source><target>Vieux</target></alt-trans></trans-unit>"
    text = text.replace("</trans-unit>", suggestion, 5).replace("<target", "<seg-source>x</seg-source><target", 1)
    path.write_text(text, encoding="utf-8")
    result = run("import-texts", path, own)
    assert result.exit_code == 0, result.output
    assert "1 text changed." in result.output
    assert french(own).texts["op1.lead"] == "Autre question"


def test_a_program_that_drops_the_check_is_no_obstacle(own: Path) -> None:
    path = exported(own, "fr", "xliff")
    text = re.sub("<context-group.*?</context-group>\n", "", path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")
    assert run("import-texts", path, own).output == "No text changed.\n"
    edit_xliff(path, "op1.lead", "Autre question")
    assert "1 text changed." in run("import-texts", path, own).output


# --- the files themselves ---


def test_the_workbook_shows_everything_and_protects_what_is_not_to_be_changed(own: Path) -> None:
    change(own, "en", "op1.lead", "=1+1")
    change(own, "ar", "op1.label", None)
    book = load_workbook(exported(own, "ar"))
    assert book.sheetnames == ["Texts", "About"]
    assert all(sheet.sheet_state == "visible" for sheet in book.worksheets)
    sheet = book["Texts"]
    assert [cell.value for cell in sheet[1]] == [
        "Key", "Where it is shown", "Source language", "Source text", "Translation", "State", "Reviewed", "Comment", "Check",
    ]  # fmt: skip
    assert (sheet.freeze_panes, sheet.protection.sheet, sheet.protection.password) == ("B2", True, None)
    assert not any(size.hidden for size in (*sheet.column_dimensions.values(), *sheet.row_dimensions.values()))
    rows = {row[0].value: row for row in sheet.iter_rows(min_row=2)}
    lead, label = rows["op1.lead"], rows["op1.label"]
    assert [cell.value for cell in lead[1:4]] == ["1: the question asked", "English", "=1+1"]
    assert lead[5].value == "stale"
    assert (label[4].value, label[5].value) == (None, "missing")
    assert [cell.protection.locked for cell in lead] == [True, True, True, True, False, True, False, False, True]
    for cell in lead:
        assert (cell.number_format, cell.data_type in {"s", "n"}, cell.alignment.wrap_text) == ("@", True, True)
    assert lead[3].data_type == "s"
    assert (lead[4].alignment.readingOrder, lead[3].alignment.readingOrder) == (2, 1)
    about = {row[0].value: row[1].value for row in book["About"].iter_rows(max_row=6)}
    assert (about["Instrument"], about["Version"], about["Language"]) == ("invented", "1", "ar")
    assert re.fullmatch("[0-9a-f]{12}", str(about["Digest of the source"]))


def test_the_words_of_the_resolution_are_read_from_right_to_left(own: Path) -> None:
    rows = {row[0].value: row for row in load_workbook(exported(own, "en"))["Texts"].iter_rows(min_row=2)}
    assert list(rows) == ["op1.paragraph"]
    paragraph = rows["op1.paragraph"]
    assert paragraph[2].value == "Arabic"
    assert (paragraph[3].alignment.readingOrder, paragraph[4].alignment.readingOrder) == (2, 1)


def test_xliff_says_the_state_of_every_text(own: Path) -> None:
    change(own, "fr", "op1.label", None)
    change(own, "en", "op1.lead", "Is it <so> & “such”?")
    text = exported(own, "fr", "xliff").read_text(encoding="utf-8")
    assert '<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">' in text
    assert (
        '<file original="invented/1/fr/resolution" datatype="plaintext" source-language="ar" target-language="fr"'
        in text
    )
    assert '<source>Is it &lt;so&gt; &amp; “such”?</source>\n<target state="needs-review-translation">' in text
    assert '<target state="needs-translation"></target>' in text
    assert '<target state="translated">' in text
    assert 'state="final"' not in text


@pytest.mark.parametrize("form", FORMATS)
def test_an_export_that_cannot_be_written_is_one_line(own: Path, form: str) -> None:
    result = run("export-texts", "--language", "fr", "--format", form, "--out", own / "none" / "out", own)
    assert result.exit_code == 1
    assert result.output.startswith("Error: The file was not made:")


def test_what_no_cell_can_hold_is_refused_with_the_other_format(own: Path) -> None:
    change(own, "en", "op1.lead", "_x0041_")
    result = run("export-texts", "--language", "fr", "--out", own.parent / "out.xlsx", own)
    assert (result.exit_code, "op1.lead" in result.output, "--format xliff" in result.output) == (1, True, True)
    assert not (own.parent / "out.xlsx").exists()


# --- the report and adopting ---


def test_the_report_for_machines_holds_every_text_by_key(own: Path) -> None:
    for key in ("op1.lead", "op1.label"):
        change(own, "fr", key, None)
    result = run("report", own, "--json")
    assert result.exit_code == 1
    found = json.loads(result.output)
    assert found["languages"]["fr"]["missing"] == ["op1.label", "op1.lead"]
    assert (found["complete"], found["holds"]["entries"]) == (False, 1)
    assert run("report", own, "--json", "--language", "es").exit_code == 0


def test_adopting_is_said_and_done_once(own: Path) -> None:
    change(own, "fr", "op1.lead", None)
    file = french(own)
    file.of = {}
    file.path.write_text(file.written(file.texts), encoding="utf-8")
    change(own, "en", "op1.label", "Another name")
    assert run("report", own, "--language", "fr").exit_code == 1
    result = run("adopt-texts", own)
    assert (result.exit_code, "1 file changed." in result.output) == (0, True)
    assert "es: 1 stale. Translate them again, or give --stale when they still fit." in result.output
    assert "0 files changed." in run("adopt-texts", own).output
    assert "stale" not in run("adopt-texts", own, "--stale").output


def test_the_structure_may_be_named_instead_of_its_folder(own: Path) -> None:
    assert run("report", own / "instrument.yaml").exit_code == 0
    result = run("adopt-texts", own / "text.fr.yaml")
    assert (result.exit_code, "is not a questionnaire" in result.output) == (1, True)
