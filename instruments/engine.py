"""The texts that come with the program: labels and errors of the item types, in the six languages."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from instruments.loader import check_shape, read_strict
from instruments.shape import TextFileShape
from languages import LANGUAGES

ENGINE = Path(__file__).parent / "data" / "engine"


@lru_cache(maxsize=len(LANGUAGES))
def read_engine_texts(language: str) -> Any:
    """The engine's text file of a language, with its lines. Raises InstrumentError."""
    return read_text_file(ENGINE / f"text.{language}.yaml")


def read_text_file(path: Path) -> Any:
    """A text file, its shape checked. Raises InstrumentError with file, line and key."""
    content = read_strict(path)
    check_shape(TextFileShape, content, path.name)
    return content
