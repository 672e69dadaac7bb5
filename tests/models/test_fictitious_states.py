"""The invented States of the rehearsal database must not be taken for real ones."""

import csv
import re
import unicodedata
from collections import Counter

import pytest
from babel import Locale

from models.collation import DATA

LANGUAGES = ("ar", "zh", "en", "fr", "ru", "es")
CODES = re.compile(r"X[A-Z]{2}")


def read(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def fold(name: str) -> str:
    """Lower case, no accents, no hamza, no marks."""
    return "".join(
        char for char in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(char)
    ).replace("’", "'")


def real_names() -> dict[str, str]:
    """Every name of a State or territory that this project or CLDR knows in the six languages, folded -> as written."""
    names = {fold(state[language]): state[language] for state in read("states.csv") for language in LANGUAGES}
    for language in LANGUAGES:
        for code, name in Locale(language).territories.items():
            if code.isalpha():
                names.setdefault(fold(name), name)
    return names


@pytest.fixture(scope="module")
def fictitious() -> list[dict[str, str]]:
    return read("fictitious_states.csv")


def test_columns_codes_and_groups(fictitious: list[dict[str, str]]) -> None:
    assert list(fictitious[0]) == list(read("states.csv")[0])
    assert Counter(state["region"] for state in fictitious) == {
        "african": 53,
        "asia_pacific": 53,
        "eastern_european": 23,
        "grulac": 33,
        "weog": 28,
    }
    codes = [state["iso3"] for state in fictitious]
    assert len(set(codes)) == len(codes) == 190
    assert codes == sorted(codes)
    for state in fictitious:
        # ISO 3166-1 leaves XAA to XZZ to its users.
        assert CODES.fullmatch(state["iso3"])
        assert (state["iso2"], state["m49"], state["kind"]) == ("", "", "member_state")


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_are_there_once_and_in_the_right_script(fictitious: list[dict[str, str]], language: str) -> None:
    script = {"ar": "ARABIC", "zh": "CJK", "ru": "CYRILLIC"}.get(language, "LATIN")
    assert max(Counter(fold(state[language]) for state in fictitious).values()) == 1
    for state in fictitious:
        letters = [char for char in state[language] if char.isalpha()]
        assert letters, state["iso3"]
        assert all(unicodedata.name(char).startswith(script) for char in letters), state[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_name_is_or_contains_the_name_of_a_real_state(fictitious: list[dict[str, str]], language: str) -> None:
    real = real_names()
    assert len(real) > 1000
    clashes = [
        (state[language], written)
        for state in fictitious
        for name, written in real.items()
        if name in fold(state[language])
    ]
    assert clashes == []


@pytest.mark.parametrize("language", ["en", "fr", "ru", "es"])
def test_no_name_is_within_two_letters_of_a_real_one(fictitious: list[dict[str, str]], language: str) -> None:
    real = real_names()
    near = [
        (state[language], written)
        for state in fictitious
        for name, written in real.items()
        if abs(len(name) - len(state[language])) <= 2 and _edits(fold(state[language]), name) <= 2
    ]
    assert near == []


def _edits(one: str, other: str) -> int:
    """How many letters must be added, dropped or changed to make one word of the other."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        above, row = row, [i]
        for j, right in enumerate(other, 1):
            row.append(min(row[-1] + 1, above[j] + 1, above[j - 1] + (left != right)))
    return row[-1]
