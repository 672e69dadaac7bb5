"""Instrument files with errors are refused with file, line, key and remedy, and never with a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from instruments.catalog import SHIPPED, load_instrument, read_document
from instruments.check import check_folder
from instruments.loader import DEEPEST, LARGEST_FILE
from tests.instruments.small import problems, write_small_instrument


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small, sound instrument."""
    return write_small_instrument(tmp_path)


def replace(folder: Path, old: str, new: str, file: str = "instrument.yaml") -> list[str]:
    """What is wrong after a change of one place."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new), encoding="utf-8")
    return problems(folder)


def says_at(folder: Path, found: list[str], where: str | None, said: list[str]) -> None:
    """One of the problems holds all these words, and the first of them names the line where `where` stands."""
    about = [problem for problem in found if all(words in problem for words in said)]
    assert about, found
    if where is not None:
        line = line_of((folder / "instrument.yaml").read_text(encoding="utf-8"), where)
        assert about[0].startswith(f"instrument.yaml, line {line}:"), (line, about)


def line_of(text: str, words: str) -> int:
    """The line in which the words stand."""
    return text[: text.index(words)].count("\n") + 1


def test_the_small_instrument_is_sound(folder: Path) -> None:
    assert problems(folder) == []
    assert load_instrument(folder).items["op1.laws"].text_key == "common.laws"


def test_words_that_other_readers_take_for_something_else_stay_words(folder: Path) -> None:
    assert load_instrument(folder).lists["norway"].codes == ("NO", "yes", "012", "1e3")


def test_the_shipped_instrument_is_sound() -> None:
    sound, lines = check_folder(SHIPPED)
    assert sound, lines


SYNTAX = [
    pytest.param("version: '1'", "version: '1'\nversion: '2'", ["line 3", "version", "line 2", "Keep one"], id="duplicate key"),
    pytest.param("document: {date: '2026-01-01'}", "document: &d {date: x}", ["line 4", "anchors and aliases"], id="anchor"),
    pytest.param("version: '1'", "version: *v", ["line 2", "anchors and aliases"], id="alias"),
    pytest.param("version: '1'", "version: !!int '1'", ["line 2", "the tag", "Remove it"], id="tag"),
    pytest.param("version: '1'", "version: !!python/object/apply:os.system ['true']", ["line 2", "the tag"], id="object tag"),
    pytest.param("version: '1'", "version:", ["line 2", "version has no text", "remove the key"], id="empty value"),
    pytest.param("version: '1'", "version: ~", ["line 2", "version has no text"], id="null"),
    pytest.param("  - {aspect: laws,", "  -\n  - {aspect: laws,", ["line 12", "common has no text"], id="empty entry"),
    pytest.param("version: '1'", "version: '1", ["line", "Check the indentation"], id="open quote"),
    pytest.param("version: '1'", "version: a: b", ["line 2", "quote a text"], id="colon in a text"),
    pytest.param("version: '1'", " version: '1'", ["line 2", "Check the indentation"], id="indentation"),
    pytest.param("version: '1'", "\tversion: '1'", ["line 2", "Check the indentation"], id="tab"),
    pytest.param("version: '1'", "version: 'a\x07b'", ["line 2", "U+0007", "Remove it"], id="control character"),
    pytest.param("version: '1'", "? [a, b]\n: x", ["line 2", "a key must be a word"], id="key that is a list"),
    pytest.param("version: '1'", "<<: {a: b}", ["line 2", "<<", "unknown"], id="merge key"),
    pytest.param("findings:", "---\nfindings:", ["line", "expected a single document"], id="two documents"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), SYNTAX)
def test_what_the_strict_reader_refuses(folder: Path, old: str, new: str, said: list[str]) -> None:
    found = replace(folder, old, new)
    assert found
    assert found[0].startswith("instrument.yaml")
    for words in said:
        assert any(words in problem for problem in found), found


MEANING = [
    # (what stands there, what is written instead, the words in whose line the problem is, what is said)
    pytest.param("type: choice, list: colours", "type: slider, list: colours", "op1.colour, type", ["op1.colour", "'slider' is unknown", "Known types: amount"], id="unknown item type"),
    pytest.param("{id: op1.country,", "{id: op1.colour,", "op1.colour, type: choice, list: norway", ["op1.colour", "used twice", "another id"], id="duplicate item id"),
    pytest.param("is: blue}", "is: green}", "{id: op1.why", ["op1.why", "'green'", "op1.colour"], id="condition on a code that is not in the list"),
    pytest.param("{item: op1.colour, is: blue}", "{item: op1.color, is: blue}", "{id: op1.why", ["op1.why", "op1.color", "does not exist"], id="condition on a missing item"),
    pytest.param("{item: op1.colour, is: blue}", "{item: op1.why, answered: 'yes'}", "{id: op1.why", ["op1.why", "depends on itself", "Break the circle"], id="circle of one"),
    pytest.param("codes: [red, blue, other]", "codes: [red, blue, red, other]", "colours:", ["list colours", "'red' stands more than once"], id="repeated code"),
    pytest.param("other: other}", "other: else}", "colours:", ["list colours", "'else'", "not one of the codes"], id="other that is not a code"),
    pytest.param("list: norway", "list: sweden", "op1.country", ["op1.country", "'sweden' is not defined under lists"], id="unknown list"),
    pytest.param("headline: op1.status_practice", "headline: op1.status", "id: op1\n", ["op1", "the headline op1.status is not among its items"], id="headline missing"),
    pytest.param("    headline: op1.status_practice\n", "", "block: common}", ["op1.laws", "op1.headline, which does not exist"], id="headline used and not named"),
    pytest.param("list: norway, group: specific", "list: norway, group: other", "op1.country", ["op1.country", "the group 'other' is not in groups"], id="unknown group"),
    pytest.param("{id: op1.country,", "{id: op2.country,", "op2.country", ["op2.country", "must have an id that begins with op1"], id="id of another question"),
    pytest.param("{id: op1.country,", "{id: Op1-country,", "Op1-country", ["Op1-country", "id"], id="id with other characters"),
    pytest.param("list: norway, group: specific", "list: norway, group: specific, colour: red", "op1.country", ["op1.country", "colour", "unknown", "spelling"], id="unknown key of an item"),
    pytest.param("list: norway, group: specific", "list: norway", "op1.country", ["op1.country", "group", "missing", "Add it"], id="item without group"),
    pytest.param("type: narrative, group: specific", "type: narrative, group: specific, words: many", "op1.why", ["op1.why", "words", "'many'"], id="words that are no number"),
    pytest.param("list: norway, group: specific", "list: norway, group: specific, lists: {a: b}", "op1.country", ["no key lists"], id="reserved key"),
    pytest.param("is: blue}", "equals: blue}", "op1.why", ["op1.why", "asked_if.equals", "unknown"], id="unknown test in a condition"),
    pytest.param("{item: op1.colour, is: blue}", "blue", "op1.why", ["asked_if", "'blue'"], id="condition that is a word"),
    pytest.param("{item: op1.colour, is: blue}", "{fact: party_status, is: maybe}", "op1.why", ["op1.why", "party_status is never maybe"], id="fact with an unknown value"),
    pytest.param("    verb: urges\n", "", "id: op1\n", ["op1", "verb", "missing", "Add it"], id="question without verb"),
    pytest.param("    verb: urges\n", "    verb: urges\n    colour: red\n", "id: op1\n", ["op1", "colour", "unknown"], id="unknown key of a question"),
    pytest.param("    verb: urges\n", "    verb: urges\n    asked_of: nobody\n", "id: op1\n", ["op1", "asked_of", "'nobody'"], id="asked of nobody"),
    pytest.param("    verb: urges\n", "    verb: urges\n    chapeau: op9\n", "id: op1\n", ["op1", "the chapeau op9 is not a question"], id="unknown chapeau"),
    pytest.param("    verb: urges\n", "    verb: urges\n    parts: [op1.part]\n", "id: op1\n", ["op1", "the part op1.part is not among its items"], id="unknown part"),
    pytest.param("{block: common}", "{block: usual}", "block: usual", ["op1", "'usual'", "not defined"], id="unknown block"),
    pytest.param("{block: common}", "{block: common, without: [law]}", "block: common,", ["op1", "'law'", "has not"], id="unknown aspect of a block"),
    pytest.param("  block: common\n", "  block: usual\n", "block: usual", ["colour_without_law", "'usual'", "not defined"], id="finding of an unknown block"),
    pytest.param("  block: common\n", "", "code: colour", ["either a block or a question"], id="finding of nothing"),
    pytest.param("  block: common\n  when: {all: [{item: $headline,", "  question: op9\n  when: {all: [{item: op1.status_practice,", None, ["colour_without_law", "op9 is not a question"], id="finding of an unknown question"),
    pytest.param("{item: $laws, answered: 'yes'}", "{item: $law, answered: 'yes'}", None, ["colour_without_law", "op1.law, which does not exist"], id="finding on a missing item"),
    pytest.param("version: '1'\n", "version: '1'\ncolour: red\n", "colour: red", ["colour", "unknown", "spelling"], id="unknown key of the file"),
    pytest.param("version: '1'\n", "", None, ["version", "missing", "Add it"], id="file without version"),
    pytest.param("colours: {codes: [red, blue, other], other: other}", "colours: [red, blue]", "colours:", ["lists.colours"], id="list without codes"),
    pytest.param("colours: {codes: [red, blue, other], other: other}", "colours: {codes: red}", "colours:", ["lists.colours.codes", "'red'"], id="codes that are a word"),
    pytest.param("colours: {codes: [red, blue, other], other: other}", "colours: {codes: []}", "colours:", ["lists.colours.codes"], id="list of nothing"),
    pytest.param("- {id: op1.country, type: choice, list: norway, group: specific}", "- op1.country", None, ["items.3", "'op1.country'"], id="item that is a word"),
    pytest.param("{id: op1.country,", "{", "type: choice, list: norway", ["items.3.id", "missing"], id="item without id"),
    pytest.param("type: choice, list: norway,", "", "op1.country", ["items.3.type", "missing"], id="item without type"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "said"), MEANING)
def test_what_is_wrong_is_said_with_line_key_and_remedy(
    folder: Path, old: str, new: str, where: str | None, said: list[str]
) -> None:
    says_at(folder, replace(folder, old, new), where, said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"), ("# only a comment\n", "the file is empty"), ("just words", "Keys with values"), ("- a\n- b\n", "Keys with values"),
        ("sections: []", "missing"), ("instrument: a\nversion: b\nsource_language: ar\ngroups: [g]\nsections: nothing", "sections"),
        ("instrument: a\nversion: b\nsource_language: ar\ngroups: [g]\nsections: [{id: s1}]", "sections.0.questions: the key is missing"),
        ("instrument: a\nversion: b\nsource_language: ar\ngroups: g\nsections: []", "groups"),
    ],
)  # fmt: skip
def test_a_file_of_another_shape_is_refused(folder: Path, text: str, said: str) -> None:
    (folder / "instrument.yaml").write_text(text, encoding="utf-8")
    found = problems(folder)
    assert any(said in problem for problem in found), found
    assert all(problem.startswith("instrument.yaml") for problem in found)


def test_every_problem_is_named_and_not_only_the_first(folder: Path) -> None:
    path = folder / "instrument.yaml"
    text = (
        path.read_text(encoding="utf-8")
        .replace("list: norway", "list: sweden")
        .replace("type: narrative", "type: essay")
    )
    path.write_text(text.replace("other: other", "other: else"), encoding="utf-8")
    assert len(problems(folder)) == 3


def test_a_question_id_used_twice_is_refused(folder: Path) -> None:
    second = "  - {id: op1, number: '2', verb: urges, addressee: states, items: []}\n"
    found = replace(folder, "findings:", f"{second}findings:")
    assert any("op1: the id is used twice" in problem for problem in found), found


def test_a_circle_over_several_items_is_found_at_each_of_them(folder: Path) -> None:
    found = replace(
        folder,
        "list: colours, group: specific",
        "list: colours, group: specific, asked_if: {item: op1.why, answered: 'yes'}",
    )
    assert {problem.split(": ")[1] for problem in found if "depends on itself" in problem} == {"op1.colour", "op1.why"}


def test_a_file_that_is_not_utf_8_names_the_line(folder: Path) -> None:
    (folder / "instrument.yaml").write_bytes(b"instrument: invented\nversion: '\xe9'\n")
    assert problems(folder) == ["instrument.yaml, line 2: not UTF-8. Save the file as UTF-8."]


@pytest.mark.parametrize(
    "nested", ["[" * 5000, "a: " + "{a: " * 200, "- " * 5000 + "a", "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1)]
)
def test_a_file_nested_too_deep_is_refused_before_it_is_built(folder: Path, nested: str) -> None:
    (folder / "instrument.yaml").write_text(nested, encoding="utf-8")
    assert [problem for problem in problems(folder) if "nested deeper" in problem]


def test_a_file_that_is_too_large_is_refused(folder: Path) -> None:
    (folder / "instrument.yaml").write_bytes(b"#" * (LARGEST_FILE + 1))
    assert "larger than" in problems(folder)[0]


def test_a_missing_file_is_named_with_the_folder_it_belongs_in(tmp_path: Path) -> None:
    found = problems(tmp_path / "nowhere")
    assert found[0].startswith("instrument.yaml: cannot be read")
    assert "nowhere" in found[0]


def test_the_checker_prints_problems_instead_of_a_traceback(folder: Path) -> None:
    assert check_folder(folder)[0]
    replace(folder, "list: norway", "list: sweden")
    load_instrument.cache_clear()
    read_document.cache_clear()
    sound, lines = check_folder(folder)
    assert not sound
    assert "sweden" in lines[0]


# --- texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  op1.label: نص 7\n", "", ["text.ar.yaml", "op1.label has no text in any language", "Add it"]),
        ("  op1.label:", "  op1.lable:", ["text.ar.yaml, line 10", "nothing shows op1.lable", "Correct the key"]),
        ("language: ar", "language: fr", ["text.ar.yaml, line 1", "'fr'", "'ar'"]),
        ("language: ar\n", "", ["text.ar.yaml", "language", "missing"]),
        ("language: ar\n", "language: ar\ncolour: red\n", ["text.ar.yaml, line 2", "colour", "unknown"]),
        ("  op1.label: نص 7", "  op1.label: [نص]", ["text.ar.yaml, line 10", "texts.op1.label"]),
        ("  op1.label: نص 7", "  op1.label:", ["text.ar.yaml, line 10", "op1.label has no text"]),
        ("  op1.label: نص 7", "  op1.label: نص 7\n  op1.label: نص 8", ["text.ar.yaml, line 11", "line 10"]),
        (
            "language: ar\n",
            "language: ar\nunofficial: [op1.other]\n",
            ["text.ar.yaml, line 2", "op1.other", "no text here"],
        ),
        ("language: ar\n", "language: ar\nunofficial: op1.label\n", ["text.ar.yaml, line 2", "unofficial"]),
    ],
)
def test_a_text_file_with_errors_is_refused(folder: Path, old: str, new: str, said: list[str]) -> None:
    found = replace(folder, old, new, "text.ar.yaml")
    assert [problem for problem in found if all(words in problem for words in said)], found


@pytest.mark.parametrize("content", ["", "- a\n", "words", "language: ar\ntexts: []\n", "language: ar\ntexts: words\n"])
def test_a_text_file_of_another_shape_is_refused(folder: Path, content: str) -> None:
    (folder / "text.ar.yaml").write_text(content, encoding="utf-8")
    found = problems(folder)
    assert found
    assert all(problem.startswith("text.ar.yaml") for problem in found)


def test_a_text_file_of_another_language_is_named(folder: Path) -> None:
    (folder / "text.de.yaml").write_text("language: de\ntexts: {}\n", encoding="utf-8")
    assert problems(folder)[0].startswith("text.de.yaml: the language is none of ar, zh, en, fr, ru, es")


def test_a_text_missing_in_one_language_is_no_problem_and_is_shown_in_another(folder: Path) -> None:
    (folder / "text.fr.yaml").write_text("language: fr\ntexts: {op1.label: Étiquette}\n", encoding="utf-8")
    assert problems(folder) == []
    load_instrument.cache_clear()
    read_document.cache_clear()
    french = load_instrument(folder).texts_in("fr")
    assert (str(french("op1.label")), french("op1.label").is_fallback) == ("Étiquette", False)
    assert (french("op1.lead").language, french("op1.lead").is_fallback) == ("ar", True)
    load_instrument.cache_clear()
    read_document.cache_clear()


CROSSWALKS = [
    pytest.param("renamed: {op1.shade: op1.colour}", [], id="sound"),
    pytest.param("renamed: {op1.why: op1.colour}", ["line 1: op1.why", "never used again"], id="the id is in use"),
    pytest.param("renamed: {op1.shade: op1.gone}", ["op1.gone", "this version has not"], id="no such item"),
    pytest.param("renamed:\n  op1.a: op1.why\n  op1.b: op1.why", ["line 3: op1.b", "so did op1.a"], id="two into one"),
    pytest.param("renamed: [op1.a]", ["renamed", "are expected"], id="another shape"),
    pytest.param("was: {}", ["renamed"], id="another key"),
]


@pytest.mark.parametrize(("content", "said"), CROSSWALKS)
def test_a_crosswalk_names_items_of_this_version_by_ids_that_are_gone(
    folder: Path, content: str, said: list[str]
) -> None:
    plain = load_instrument.__wrapped__(folder).sha256
    read_document.cache_clear()
    (folder / "crosswalk.yaml").write_text(content, encoding="utf-8")
    found = problems(folder)
    assert all(any(words in problem for problem in found) for words in said), found
    if not said:
        assert found == []
        built = load_instrument.__wrapped__(folder)
        assert built.renamed == {"op1.shade": "op1.colour"}
        assert built.sha256 != plain
