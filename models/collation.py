"""Alphabetical order of State names in the six official languages, without a collation library.

The order is that of the lists the United Nations prints. It is meant for names: lists of States, of bodies, of people.
"""

import csv
import unicodedata
from functools import lru_cache
from pathlib import Path

SortKey = tuple[tuple[str, ...], tuple[str, ...], str]
"""Words compared first, then the same words with their marks, then the name itself, so that the order never varies."""

DATA = Path(__file__).parent / "data"
STATE_TABLES: tuple[Path, ...] = (DATA / "states.csv", DATA / "fictitious_states.csv")
"""Tables whose `zh_pinyin` column says how each character of the Chinese name is read: `a1 fu4 han4`; `v` for ü."""

_ARTICLE = "ال"
_APOSTROPHES = frozenset("'’ʼ`´")

# Folded before the marks are taken off: these are letters of their own, or letters that Unicode does not decompose.
_LATIN = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})
_ARABIC = str.maketrans({"ٱ": "ا", "ة": "ه", "ى": "ي", "ء": "", "ـ": ""})

# Characters read alike, tone included, stand in the order of their number of strokes, as in a dictionary.
_STROKES: dict[str, int] = {
    "奥": 12, "澳": 15, "保": 9, "堡": 12, "波": 8, "玻": 9, "伯": 7, "泊": 8, "博": 12, "不": 4, "布": 5, "得": 11,
    "德": 15, "地": 6, "帝": 9, "蒂": 12, "甸": 7, "颠": 16, "杜": 7, "度": 9, "尔": 5, "耳": 6, "非": 8, "菲": 11,
    "冈": 4, "刚": 6, "戈": 4, "哥": 10, "合": 6, "和": 8, "荷": 10, "及": 3, "吉": 6, "来": 7, "莱": 10, "力": 2,
    "立": 5, "利": 7, "盟": 13, "蒙": 13, "莫": 10, "墨": 15, "那": 6, "纳": 7, "浦": 10, "埔": 10, "普": 12, "齐": 6,
    "其": 8, "求": 7, "酋": 9, "所": 8, "索": 10, "陶": 10, "萄": 11, "托": 6, "脱": 11, "危": 6, "威": 9, "韦": 4,
    "维": 11, "西": 6, "希": 7, "义": 3, "意": 13,
}  # fmt: skip


@lru_cache(maxsize=4096)
def sort_key(name: str, language: str) -> SortKey:
    """The key that puts names of one language in alphabetical order: `sorted(names, key=lambda n: sort_key(n, "fr"))`.

    Word by word, so that Guinea-Bissau stands before Guinea Ecuatorial; spaces, hyphens and brackets only part words,
    apostrophes count for nothing. By language:

    - ar: the article is disregarded at the start of every word, as United Nations lists in Arabic do (Jordan stands
      between Argentina and Armenia); forms of hamza, ta marbuta and vowel marks are folded.
    - en, fr, es: accents are folded (`Égypte` near `Équateur`); in Spanish `ñ` follows `n`.
    - ru: `ё` as `е`; `й` stays a letter.
    - zh: by pinyin, character by character: syllable, tone, number of strokes.

    Raises ValueError for a language other than the six.
    """
    text = unicodedata.normalize("NFC", name)
    if language == "zh":
        return _chinese(text)
    words = _words(text.casefold())
    if language == "ar":
        return tuple(map(_arabic, words)), words, name
    if language == "ru":
        return tuple(_without_stress(word).replace("ё", "е") for word in words), words, name
    if language in ("en", "fr"):
        return tuple(map(_latin, words)), words, name
    if language == "es":
        # Above z, so that the letter after it cannot bring the word before "nz".
        return tuple(_latin(word.replace("ñ", "n{")) for word in words), words, name
    raise ValueError(f"not an official language: {language!r}")


def _words(text: str) -> tuple[str, ...]:
    parted = "".join(
        "" if char in _APOSTROPHES else char if char.isalnum() or unicodedata.combining(char) else " " for char in text
    )
    return tuple(parted.split())


def _without_marks(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


def _latin(word: str) -> str:
    return _without_marks(word.translate(_LATIN))


def _without_stress(word: str) -> str:
    return word.replace("\u0301", "")


def _arabic(word: str) -> str:
    bare = "".join(char for char in word if not unicodedata.combining(char))
    # A bare alif and lam is the article; with a hamza (ألمانيا) it belongs to the word.
    if bare.startswith(_ARTICLE) and len(bare) > len(_ARTICLE) + 1:
        bare = bare[len(_ARTICLE) :]
    return _without_marks(bare.translate(_ARABIC))


def _chinese(name: str) -> SortKey:
    by_name, by_character = _readings()
    readings = by_name.get(name) or tuple(by_character.get(char, "") for char in name)
    key = tuple(_character(char, reading) for char, reading in zip(name, readings, strict=True) if char.isalnum())
    return key, (), name


def _character(char: str, reading: str) -> str:
    if not reading:
        # Letters and digits where their alphabet puts them; a character of no known reading after all that have one.
        return char.casefold() if char.isascii() else f"{{{char}"
    # Padded, so that a syllable is compared as a whole: li before lian, whatever comes next.
    return f"{reading[:-1]:<6}{reading[-1]}{_STROKES.get(char, 0):02d}{char}"


@lru_cache(maxsize=1)
def _readings() -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Pinyin by whole name, and by single character for names that were corrected or added later."""
    by_name: dict[str, tuple[str, ...]] = {}
    by_character: dict[str, str] = {}
    for path in STATE_TABLES:
        with path.open(encoding="utf-8", newline="") as table:
            for row in csv.DictReader(table):
                by_name[row["zh"]] = tuple(row["zh_pinyin"].split())
                for char, reading in zip(row["zh"], by_name[row["zh"]], strict=True):
                    by_character.setdefault(char, reading)
    return by_name, by_character
