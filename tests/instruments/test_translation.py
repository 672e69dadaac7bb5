"""Every text of every language is missing, stale, not reviewed or reviewed, and the files say so by themselves."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments import report as report_module
from instruments.catalog import SHIPPED
from instruments.engine import ENGINE, read_text_file
from instruments.loader import InstrumentError, read_strict, write_plain
from instruments.report import make_report
from instruments.text_checks import SameAsEnglish, read_same_as_english, script_problem
from instruments.text_files import TextFile, merged_order, read_file, write_files
from instruments.text_places import place_of, places
from instruments.translation import (
    Entry,
    State,
    adopt,
    count,
    digest,
    published_counts,
    read_folder,
    read_reviews,
    review_digest,
)
from languages import LANGUAGES
from tests.instruments.translated import ODD, change, write_catalogues, write_translated


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The small instrument in six languages; the program's texts stand in a folder of their own."""
    own, program = write_translated(tmp_path)
    monkeypatch.setattr("instruments.translation.ENGINE", program)
    monkeypatch.setattr(report_module, "CATALOGUES", write_catalogues(tmp_path / "catalogues"))
    return own, program


def states(folders: tuple[Path, Path], language: str) -> dict[str, State]:
    return {entry.id: entry.state for entry in read_folder(*folders).entries(language)}


def test_what_is_translated_of_the_present_source_is_not_reviewed_by_itself(folders: tuple[Path, Path]) -> None:
    texts = read_folder(*folders)
    for language in LANGUAGES:
        counts = count(texts.entries(language))
        assert (counts.missing, counts.stale, counts.reviewed) == ((), (), 0)
        assert counts.complete == counts.texts
    assert states(folders, "en")["op1.paragraph"] is State.UNREVIEWED
    assert states(folders, "en")["op1.lead"] is State.SOURCE
    assert states(folders, "ar")["op1.paragraph"] is State.SOURCE
    assert states(folders, "ar")["op1.lead"] is State.UNREVIEWED
    assert states(folders, "fr")["engine:type.narrative.language"] is State.UNREVIEWED


def test_a_text_without_a_translation_is_missing(folders: tuple[Path, Path]) -> None:
    change(folders[0], "fr", "op1.lead", None)
    change(folders[1], "fr", "type.narrative.language", None)
    assert states(folders, "fr")["op1.lead"] is State.MISSING
    assert states(folders, "fr")["engine:type.narrative.language"] is State.MISSING
    assert count(read_folder(*folders).entries("fr")).missing == ("op1.lead", "engine:type.narrative.language")


def test_a_new_source_text_makes_every_translation_of_it_stale(folders: tuple[Path, Path]) -> None:
    change(folders[0], "en", "op1.lead", "Another question")
    for language in LANGUAGES:
        found = states(folders, language)
        assert found["op1.lead"] is (State.SOURCE if language == "en" else State.STALE)
        assert sum(state is State.STALE for state in found.values()) == (language != "en")


def test_the_source_of_a_paragraph_is_the_language_of_the_resolution(folders: tuple[Path, Path]) -> None:
    change(folders[0], "en", "op1.paragraph", "Another translation")
    assert states(folders, "ar")["op1.paragraph"] is State.SOURCE
    assert states(folders, "en")["op1.paragraph"] is State.UNREVIEWED
    change(folders[0], "ar", "op1.paragraph", "نص آخر")
    assert states(folders, "en")["op1.paragraph"] is State.STALE


def test_a_language_translates_the_words_of_the_resolution_for_all_paragraphs_or_for_none(
    folders: tuple[Path, Path],
) -> None:
    assert states(folders, "fr")["op1.paragraph"] is State.OPTIONAL
    change(folders[0], "fr", "op1.paragraph", "Texte")
    assert states(folders, "fr")["op1.paragraph"] is State.STALE
    change(folders[0], "en", "op1.paragraph", None)
    assert states(folders, "en")["op1.paragraph"] is State.MISSING


def test_a_number_is_written_only_where_the_language_prints_another(folders: tuple[Path, Path]) -> None:
    assert states(folders, "fr")["op1.number"] is State.UNREVIEWED
    assert states(folders, "ru")["op1.number"] is State.OPTIONAL
    change(folders[0], "ru", "op1.number", "1")
    assert states(folders, "ru")["op1.number"] is State.OPTIONAL


def test_a_translation_without_a_word_about_its_source_is_stale_until_it_is_adopted(folders: tuple[Path, Path]) -> None:
    file = read_file(folders[0] / "text.fr.yaml", "fr")
    file.of = {}
    file.path.write_text(file.written(file.texts), encoding="utf-8")
    assert states(folders, "fr")["op1.lead"] is State.STALE
    write_files(adopt(read_folder(*folders)))
    assert states(folders, "fr")["op1.lead"] is State.UNREVIEWED
    assert adopt(read_folder(*folders)) == {}


def test_adopting_leaves_stale_what_was_translated_of_another_source(folders: tuple[Path, Path]) -> None:
    change(folders[0], "en", "op1.lead", "Another question")
    assert adopt(read_folder(*folders)) == {}
    assert set(adopt(read_folder(*folders), ("fr",), stale=True)) == {folders[0] / "text.fr.yaml"}


@pytest.mark.parametrize(("language", "key"), [("en", "op1.lead"), ("fr", "op1.lead")])
def test_a_review_ends_when_the_source_or_the_translation_changes(
    folders: tuple[Path, Path], language: str, key: str
) -> None:
    own, _program = folders
    file = read_file(own / "text.fr.yaml", "fr")
    source = read_file(own / "text.en.yaml", "en").texts[key]
    file.reviewed[key] = review_digest(source, file.texts[key])
    file.path.write_text(file.written(file.texts), encoding="utf-8")
    assert states(folders, "fr")[key] is State.REVIEWED
    change(own, language, key, "changed")
    assert states(folders, "fr")[key] is (State.STALE if language == "en" else State.UNREVIEWED)
    # The mark goes with the next writing, so it cannot come to life again.
    assert "\nreviewed:" not in read_folder(*folders).written(engine=False, language="fr")


def test_the_digest_is_of_the_text_itself() -> None:
    assert digest("Yes") == "85a39ab345d6"


@pytest.mark.parametrize("folder", [SHIPPED, ENGINE], ids=["questionnaire", "program"])
def test_shipped_files_are_written_back_byte_for_byte(folder: Path) -> None:
    order: list[str] = []
    for language in ("en", "ar", "zh", "fr", "ru", "es"):
        path = folder / f"text.{language}.yaml"
        file = read_file(path, language)
        order = merged_order(order, file.texts)
        assert file.written(order) == path.read_text(encoding="utf-8"), path
        assert file.head.startswith("# ")


def test_a_document_does_not_change_when_translations_are_adopted(folders: tuple[Path, Path]) -> None:
    adopted = read_folder(*folders).instrument.sha256
    for language in LANGUAGES:
        file = read_file(folders[0] / f"text.{language}.yaml", language)
        file.of = {}
        file.path.write_text(file.written(file.texts), encoding="utf-8")
    assert read_folder(*folders).instrument.sha256 == adopted


def test_comments_at_the_head_stay_and_keys_stand_as_in_english(folders: tuple[Path, Path]) -> None:
    own, _program = folders
    path = own / "text.fr.yaml"
    file = read_file(path, "fr")
    path.write_text(file.written(reversed(list(file.texts))), encoding="utf-8")
    written = read_folder(*folders).written(engine=False, language="fr")
    assert written.startswith("# Texts in fr.\n# Two lines of comment.\nlanguage: fr\n")
    path.write_text(written, encoding="utf-8")
    english = [key for key in read_file(own / "text.en.yaml", "en").texts if key != "op1.paragraph"]
    assert list(read_file(path, "fr").texts) == ["op1.number", *english]


def test_keys_of_one_language_stand_behind_the_key_they_follow_there() -> None:
    assert merged_order("abc", "axbc", "zacy") == ["z", "a", "x", "b", "c", "y"]
    assert merged_order(merged_order("abc", "axbc"), "axbc") == merged_order("abc", "axbc")


@pytest.mark.parametrize(
    "text",
    [*ODD, " spaces ", "two\nlines", "—", "👍", "\u2028", "\u2066https://\u2069 \\\u200f", "ends with:", "x" * 5000],
)
def test_every_text_is_read_back_as_it_was_written(tmp_path: Path, text: str) -> None:
    path = tmp_path / "text.fr.yaml"
    path.write_text(
        TextFile(path, "fr", "# Head\n\n", {"version": "2"}, {"a": text, "b": text}).written(["b", "a"]),
        encoding="utf-8",
    )
    file = read_file(path, "fr")
    assert (file.texts, file.head, file.about) == ({"b": text, "a": text}, "# Head\n\n", {"version": "2"})
    assert file.written(file.texts) == path.read_text(encoding="utf-8")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"])), max_size=5))
def test_any_text_is_read_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    path = tmp_path_factory.mktemp("any") / "any.yaml"
    content = {f"k{number}": text for number, text in enumerate(texts)}
    path.write_text(write_plain({"texts": content}), encoding="utf-8", newline="")
    assert read_strict(path) == {"texts": content}


def test_an_invisible_mark_of_direction_is_written_so_that_it_can_be_seen() -> None:
    assert write_plain({"a": "بـ \u2066https://\u2069"}) == 'a: "بـ \\u2066https://\\u2069"\n'


def test_when_a_file_cannot_be_replaced_all_stay_as_they_were(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    own, program = folders
    paths = [own / "text.fr.yaml", program / "text.fr.yaml"]
    before = {path: path.read_bytes() for path in paths}
    replace, calls = os.replace, []

    def fails_at_the_second(source: Any, target: Any) -> None:
        calls.append(target)
        if len(calls) == 2:
            raise OSError("the disk is full")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fails_at_the_second)
    with pytest.raises(OSError, match="the disk is full"):
        write_files(dict.fromkeys(paths, "language: fr\ntexts: {a: b}\n"))
    assert {path: path.read_bytes() for path in paths} == before
    assert not list(own.glob(".*")) and not list(program.glob(".*"))


def test_a_content_that_cannot_be_read_again_is_never_put_in_place(folders: tuple[Path, Path]) -> None:
    path = folders[0] / "text.fr.yaml"
    before = path.read_bytes()
    with pytest.raises(InstrumentError):
        write_files({path: "language: fr\n"})
    assert path.read_bytes() == before
    assert not list(folders[0].glob(".*"))


def test_a_file_of_another_language_is_named(folders: tuple[Path, Path]) -> None:
    path = folders[0] / "text.fr.yaml"
    path.write_bytes((folders[0] / "text.es.yaml").read_bytes())
    with pytest.raises(InstrumentError, match=r"says.* 'es'; the file name says 'fr'"):
        read_folder(*folders)


def test_a_translator_is_told_where_a_text_is_shown(folders: tuple[Path, Path]) -> None:
    known = places(read_folder(*folders).instrument)
    assert place_of(known, "op1.lead") == "1: the question asked"
    assert place_of(known, "op1.colour.label") == "1: label of an item (choice)"
    assert place_of(known, "list.colours.red") == "1: answer to choose"
    assert place_of(known, "list.unused.red") == "answer to choose, list unused"
    assert place_of(known, "type.decimal.value") == "part of an answer (decimal)"
    assert place_of(known, "section.s1") == "heading of a section"


# --- the report ---


def test_a_complete_questionnaire_is_reported_as_complete(folders: tuple[Path, Path]) -> None:
    report = make_report(folders[0])
    assert report.is_complete, report.as_json()
    said = "\n".join(report.lines())
    assert said.startswith("invented 1: 1 sections, 1 entries, 5 items, 2 conditions, 1 findings\n")
    assert "No person has reviewed any translation." in said
    assert report.as_json()["languages"]["fr"]["reviewed"] == 0


PLANTED = [
    pytest.param("fr", "op1.lead", None, "fr missing: op1.lead", id="missing"),
    pytest.param("en", "op1.lead", "Another question", "fr stale: op1.lead", id="stale"),
    pytest.param("fr", "op1.lead", "Text 9", "fr wrong: op1.lead is the English text “Text 9”", id="the English text"),
    pytest.param("ar", "op1.lead", "Texte", "ar wrong: op1.lead holds no Arabic letter", id="no Arabic letter"),
    pytest.param("zh", "op1.lead", "Texte", "zh wrong: op1.lead holds no Chinese letter", id="no Chinese letter"),
    pytest.param("ru", "op1.lead", "Texte", "ru wrong: op1.lead holds no Cyrillic letter", id="no Cyrillic letter"),
    pytest.param("es", "op1.lead", "Текст", "es wrong: op1.lead holds no Latin letter", id="no Latin letter"),
    pytest.param("ar", "op1.lead", "نص and four words of English", "ar wrong: op1.lead holds “and four words of English”", id="a run of English"),
    pytest.param("fr", "op1.lead", "Texte %(name)s", "fr wrong: op1.lead has other placeholders", id="placeholder"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "key", "text", "said"), PLANTED)
def test_what_is_wrong_with_a_text_makes_the_report_fail(
    folders: tuple[Path, Path], language: str, key: str, text: str | None, said: str
) -> None:
    change(folders[0], language, key, text)
    report = make_report(folders[0])
    assert not report.is_complete
    assert any(line.startswith(said) for line in report.lines()), list(report.lines())


@pytest.mark.parametrize("what", ["missing", "fuzzy"])
def test_an_interface_message_that_is_missing_or_fuzzy_makes_the_report_fail(
    folders: tuple[Path, Path], tmp_path: Path, what: str
) -> None:
    catalogues = write_catalogues(tmp_path / "more", **{what: "ru"})
    report = make_report(folders[0], catalogues=catalogues)
    assert not report.is_complete
    assert f"interface ru {what}: Save" in list(report.lines())
    assert make_report(folders[0], ("fr",), catalogues=catalogues).is_complete


def test_a_language_without_an_interface_catalogue_makes_the_report_fail(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    assert not make_report(folders[0], catalogues=tmp_path / "none").is_complete


def test_the_report_runs_without_an_installation(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert report_module.main([str(folders[0])]) == 0
    change(folders[0], "fr", "op1.lead", None)
    assert report_module.main([str(folders[0]), "--json"]) == 1
    assert '"op1.lead"' in capsys.readouterr().out
    (folders[0] / "text.fr.yaml").write_text("language: fr\n", encoding="utf-8")
    assert report_module.main([str(folders[0])]) == 1
    assert "text.fr.yaml" in capsys.readouterr().out


def test_files_in_another_order_are_noted_and_no_fault(folders: tuple[Path, Path]) -> None:
    file = read_file(folders[0] / "text.ru.yaml", "ru")
    file.path.write_text(file.written(reversed(list(file.texts))), encoding="utf-8")
    report = make_report(folders[0])
    assert report.is_complete
    assert [note for note in report.notes if note.startswith("text.ru.yaml is in another order")]


def entry(text: str, source: str = "Source") -> Entry:
    return Entry("list.tools.one", False, "en", source, text, State.UNREVIEWED)


@pytest.mark.parametrize(
    ("language", "text", "is_right"),
    [
        ("ar", "13 (د)", True), ("ar", "%", True), ("ru", "13 a)", True), ("zh", "%(row)s：%(problem)s", True),
        ("ar", "في قاعدة بيانات شيرلوك (SHERLOC)", True), ("zh", "以 https:// 开头", True), ("ru", "USD или EUR", True),
        ("ar", "SHA-256", True), ("ar", "UNODC", False), ("fr", "Texte", True), ("fr", "نص", False),
        ("ar", "أداة Knowledge Portal on Human Trafficking هنا", True), ("ar", "أداة Knowledge Portal on Other Things هنا", False),
    ],
)  # fmt: skip
def test_the_script_of_a_language(language: str, text: str, is_right: bool) -> None:
    same = SameAsEnglish({"ar": frozenset({"SHA-256", "Knowledge Portal on Human Trafficking"})})
    assert (script_problem(text, entry(text), language, same) == "") is is_right


def test_the_list_of_what_stays_is_by_language_and_by_key_or_text(tmp_path: Path) -> None:
    path = tmp_path / "same.yaml"
    path.write_text("fr:\n- Total\n- list.tools.one\n", encoding="utf-8")
    same = read_same_as_english(path)
    assert same.allows("fr", "any.key", "Total") and same.allows("fr", "list.tools.one", "Budget")
    assert not same.allows("es", "any.key", "Total")
    path.write_text("de:\n- Total\n", encoding="utf-8")
    with pytest.raises(InstrumentError, match="de is none of"):
        read_same_as_english(path)


def test_the_shipped_list_of_what_stays_can_be_read() -> None:
    assert read_same_as_english().allows("fr", "any.key", "SHA-256")


# --- what is published ---


def test_a_published_document_knows_reviews_only_by_the_files(folders: tuple[Path, Path]) -> None:
    own, _program = folders
    instrument = read_folder(*folders).instrument
    assert not any(read_reviews(own).values())
    before = published_counts(instrument, read_reviews(own))
    assert (before["fr"].missing, before["fr"].reviewed, before["en"].unreviewed) == ((), 0, 1)
    file = read_file(own / "text.fr.yaml", "fr")
    source = read_file(own / "text.en.yaml", "en").texts
    file.reviewed = {key: review_digest(source[key], file.texts[key]) for key in ("op1.lead", "op1.label")}
    file.path.write_text(file.written(file.texts), encoding="utf-8")
    reviewed = published_counts(instrument, read_reviews(own))
    assert (reviewed["fr"].reviewed, reviewed["fr"].unreviewed) == (2, before["fr"].unreviewed - 2)
    # The files move on and are reviewed again: that is not a review of what was published.
    change(own, "fr", "op1.lead", "Texte nouveau")
    file = read_file(own / "text.fr.yaml", "fr")
    file.reviewed["op1.lead"] = review_digest(source["op1.lead"], "Texte nouveau")
    file.path.write_text(file.written(file.texts), encoding="utf-8")
    assert published_counts(instrument, read_reviews(own))["fr"].reviewed == 1


def test_a_text_file_may_say_what_was_reviewed(folders: tuple[Path, Path]) -> None:
    path = folders[0] / "text.fr.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "reviewed: {op1.lead: abc}\n", encoding="utf-8")
    assert read_text_file(path)["reviewed"] == {"op1.lead": "abc"}
    assert states(folders, "fr")["op1.lead"] is State.UNREVIEWED
