"""The small instrument in six languages with files of its own for the program, and what translators do to both."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path

from instruments import engine
from instruments.catalog import load_instrument
from instruments.soundness import needed_text_keys
from instruments.text_files import read_file, write_files
from instruments.translation import adopt, placeholders, read_folder
from languages import LANGUAGES
from tests.instruments.small import write_small_instrument

WORDS = {"ar": "نص", "zh": "文本", "en": "Text", "fr": "Texte", "ru": "Текст", "es": "Texto"}
PROGRAM = engine.ENGINE
ODD = [
    "=1+1",
    "0012",
    "1e3",
    "Yes",
    "null",
    "a: b #c",
    "- list",
    "'quoted\" [both]",
    "%",
    "@at",
    "<b>&amp;</b> ]]>",
    "+33",
]


def write_translated(place: Path) -> tuple[Path, Path]:
    """(folder of the instrument, folder of the program's texts), complete, with every translation of the present source."""
    own, program = place / "own", place / "engine"
    for folder in (own, program):
        folder.mkdir()
    for path, content in _translated().items():
        (place / path).write_bytes(content)
    return own, program


@lru_cache(maxsize=1)
def _translated() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        folders = _make(place)
        return {str(path.relative_to(place)): content for path, content in contents_of(*folders).items()}


def _make(place: Path) -> tuple[Path, Path]:
    own, program = place / "own", place / "engine"
    own.mkdir()
    program.mkdir()
    instrument = load_instrument.__wrapped__(write_small_instrument(own))
    needed = list(dict.fromkeys(needed_text_keys(instrument)))
    english = {key: text for key, text in read_file(PROGRAM / "text.en.yaml", "en").texts.items() if key in needed}
    needed = [key for key in needed if key not in english]
    contents = {}
    for language, word in WORDS.items():
        file = read_file(own / f"text.{language}.yaml", language, f"# Texts in {language}.\n# Two lines of comment.\n")
        file.texts = {key: f"{word} {number}" for number, key in enumerate(needed)}
        if language not in {"ar", "en"}:
            del file.texts["op1.paragraph"]
        if language == "en":
            file.unofficial = ["op1.paragraph"]
        if language == "fr":
            file.texts["op1.number"] = "1 a)"
        contents[file.path] = file.written(needed)
        file = read_file(program / f"text.{language}.yaml", language, "# The program.\n")
        file.texts = {
            key: text if language == "en" else " ".join((f"{word} {number}", *sorted(placeholders(text))))
            for number, (key, text) in enumerate(english.items())
        }
        contents[file.path] = file.written(english)
    for path, content in contents.items():
        path.write_text(content, encoding="utf-8")
    write_files(adopt(read_folder(own, program)))
    return own, program


def change(folder: Path, language: str, key: str, text: str | None) -> None:
    """Type another text into a file by hand; None takes it out."""
    file = read_file(folder / f"text.{language}.yaml", language)
    order = list(file.texts)
    if text is None:
        del file.texts[key]
    else:
        file.texts[key] = text
    file.path.write_text(file.written(order), encoding="utf-8")


def contents_of(*folders: Path) -> dict[Path, bytes]:
    """Every file, to see that none has changed."""
    return {path: path.read_bytes() for folder in folders for path in sorted(folder.iterdir())}


def write_catalogues(place: Path, *, missing: str = "", fuzzy: str = "") -> Path:
    """Interface catalogues of one message each; in one language it is missing or fuzzy."""
    for language in LANGUAGES:
        folder = place / language / "LC_MESSAGES"
        folder.mkdir(parents=True)
        mark = "#, fuzzy\n" if language == fuzzy else ""
        string = "" if language == missing else "…"
        head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        (folder / "messages.po").write_text(f'{head}{mark}msgid "Save"\nmsgstr "{string}"\n', encoding="utf-8")
    return place
