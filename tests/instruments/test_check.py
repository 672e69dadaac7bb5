"""What `check` says: everything with file, line and remedy; a text that is missing is a warning with its count."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from instruments.check import check_folder, folder_of
from instruments.loader import InstrumentError
from tests.instruments.small import TEXTS, problems, write_small_instrument
from tests.instruments.test_loader import MEANING, SYNTAX, replace, says_at

PLACE = re.compile(r"(instrument\.yaml|text\.[a-z]{2}\.yaml)(, line \d+)?: \S")
REMEDY = re.compile(
    r"\. \(?(Add|Break|Check|Choose|Correct|Define|Give|It has no list: test|Keep|Name|Put|Quote|Remove|Rename|Save|Split|"
    r"Write)\b"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small, sound instrument."""
    return write_small_instrument(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [(str(case.values[0]), str(case.values[1])) for case in [*SYNTAX, *MEANING]],
    ids=[str(case.id) for case in [*SYNTAX, *MEANING]],
)
def test_every_problem_says_where_it_is_and_what_helps(folder: Path, old: str, new: str) -> None:
    for problem in replace(folder, old, new):
        assert PLACE.match(problem), problem
        assert REMEDY.search(problem), problem


@pytest.mark.parametrize(
    ("old", "new", "where", "said"),
    [
        ("source_language: ar", "source_language: de", "source_language", ["'de' is none of ar, zh", "Name one"]),
        ("norway: {codes: [NO, yes, 012, 1e3]}", "norway: {codes: [NO, yes, 012, 1e3]}\n  priority: {codes: [a]}", "priority:",
         ["list priority", "the item types themselves have a list of this name"]),
        ("- {block: common}", "- {block: common}\n    - {block: common}", None, ["op1.laws", "used twice", "(block common, line 12)"]),
        ("type: legal_references, group: specific", "type: laws, group: specific", "{block: common}",
         ["op1.laws", "'laws' is unknown", "(block common, line 12)"]),
        ("{id: op1.country,", "{id: op1.colour,", "op1.colour, type: choice, list: norway", ["The first stands in line 23."]),
        ("is: blue}", "is: green}", "{id: op1.why", ["Write one of red, blue, other."]),
        ("{item: op1.colour, is: blue}", "{item: op1.why, is: blue}", "{id: op1.why", ["It has no list: test whether it is answered"]),
        ("{item: $laws, answered: 'yes'}", "{item: $law, answered: 'yes'}", "- code: colour", ["finding colour_without_law", "op1.law"]),
    ],
)  # fmt: skip
def test_the_line_is_that_of_the_thing_and_of_its_block(
    folder: Path, old: str, new: str, where: str | None, said: list[str]
) -> None:
    says_at(folder, replace(folder, old, new), where, said)


@pytest.mark.parametrize(
    ("heads", "said"),
    [
        ("instrument: invented\nversion: '1'\n", None),
        ("instrument: invented\n", None),
        ("version: '2'\n", "text.ar.yaml, line 2: version: says '2'; instrument.yaml says '1'. Put the file of this version here"),
        ("instrument: other\nversion: '1'\n", "text.ar.yaml, line 2: instrument: says 'other'; instrument.yaml says 'invented'."),
        ("version:\n", "text.ar.yaml, line 2: version has no text"),
    ],
)  # fmt: skip
def test_a_text_file_of_another_instrument_or_version_is_refused(folder: Path, heads: str, said: str | None) -> None:
    (folder / "text.ar.yaml").write_text(TEXTS.replace("texts:\n", f"{heads}texts:\n"), encoding="utf-8")
    found = problems(folder)
    assert (found == []) if said is None else found[0].startswith(said), found


def test_missing_texts_are_warnings_with_counts_and_examples(folder: Path) -> None:
    (folder / "text.fr.yaml").write_text("language: fr\ntexts: {op1.label: Titre}\n", encoding="utf-8")
    sound, lines = check_folder(folder)
    assert sound
    assert lines[0] == "invented 1: 1 questions, 5 items of 4 types, 2 conditions, 1 findings"
    counts = {line.partition(":")[0]: line for line in lines[1:7]}
    assert set(counts) == {"ar", "zh", "en", "fr", "ru", "es"}
    found = re.fullmatch(r"fr: (\d+) of (\d+) texts", counts["fr"])
    assert found
    missing = int(found[2]) - int(found[1])
    (warning,) = [line for line in lines if line.startswith("warning: text.fr.yaml: ")]
    assert f"{missing} of {found[2]} texts are missing" in warning
    # The words of the resolution are not translated at will, and need not be there in French.
    assert "op1.paragraph" not in warning
    assert "instrument.title" in warning
    assert not [line for line in lines if line.startswith("warning: text.ar.yaml")]


def test_the_file_itself_is_as_good_as_its_folder(folder: Path) -> None:
    assert check_folder(folder / "instrument.yaml") == check_folder(folder)
    assert folder_of(folder / "instrument.yaml") == folder


def test_another_file_is_not_taken_for_a_questionnaire(folder: Path) -> None:
    sound, lines = check_folder(folder / "text.ar.yaml")
    assert (sound, len(lines)) == (False, 1)
    assert lines[0] == "text.ar.yaml: is not a questionnaire. Give a folder, or the instrument.yaml in it."
    with pytest.raises(InstrumentError):
        folder_of(folder / "nowhere")


def test_a_folder_with_the_number_of_another_version_is_said(tmp_path: Path) -> None:
    next_folder = tmp_path / "2"
    next_folder.mkdir()
    sound, lines = check_folder(write_small_instrument(next_folder))
    assert sound
    assert (
        lines[-1] == "warning: instrument.yaml: version: is '1', and the folder is named 2. Give both the same number."
    )


def test_files_that_were_changed_are_read_again(folder: Path) -> None:
    assert check_folder(folder)[0]
    replace(folder, "list: norway", "list: sweden")
    assert not check_folder(folder)[0]
