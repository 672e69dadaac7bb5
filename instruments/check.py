"""`python -m instruments.check [FILE]`: check instrument files without publishing; exit 1 with one problem a line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from instruments.catalog import SHIPPED, STRUCTURE, load_instrument, read_document
from instruments.loader import InstrumentError
from instruments.schema import Instrument
from instruments.soundness import needed_text_keys
from instruments.translation import Sources
from languages import LANGUAGES

MOST_NAMED = 5
"""Missing texts that a warning names."""


def folder_of(path: Path) -> Path:
    """The folder of an instrument, given itself or the instrument.yaml in it. Raises InstrumentError for another file."""
    if path.is_dir():
        return path
    if path.name != STRUCTURE:
        raise InstrumentError([f"{path.name}: is not a questionnaire. Give a folder, or the {STRUCTURE} in it."])
    return path.parent


def check_folder(path: Path) -> tuple[bool, list[str]]:
    """Whether the files are sound, and lines to print: what the instrument holds and how complete each language is, or problems.

    The files are read anew: they may have been changed since this process read them.
    """
    read_document.cache_clear()
    load_instrument.cache_clear()
    try:
        folder = folder_of(path)
        instrument = load_instrument(folder)
    except InstrumentError as error:
        return False, error.problems
    return True, [*_holds(instrument), *_languages(instrument), *_version(instrument, folder)]


def _holds(instrument: Instrument) -> Iterator[str]:
    items = instrument.items.values()
    conditions = sum(item.asked_if is not None for item in items)
    types = len({type(item) for item in items})
    yield (
        f"{instrument.instrument} {instrument.version}: {len(instrument.questions)} questions, {len(items)} items of "
        f"{types} types, {conditions} conditions, {len(instrument.findings)} findings"
    )


def _languages(instrument: Instrument) -> Iterator[str]:
    """A line for each language, then a warning for each that lacks a text: such a text is shown in another language."""
    sources, warnings = Sources(instrument, instrument.texts), []
    keys = list(dict.fromkeys(needed_text_keys(instrument)))
    for language in LANGUAGES:
        wanted = [key for key in keys if not sources.is_optional(key, language)]
        missing = [key for key in wanted if key not in instrument.texts.get(language, {})]
        yield f"{language}: {len(wanted) - len(missing)} of {len(wanted)} texts"
        if missing:
            named = ", ".join(missing[:MOST_NAMED]) + (" …" if len(missing) > MOST_NAMED else "")
            warnings.append(
                f"warning: text.{language}.yaml: {len(missing)} of {len(wanted)} texts are missing and are shown in another "
                f"language: {named}. Add them, or export them for a translator (flask instrument export-texts)."
            )
    yield from warnings


def _version(instrument: Instrument, folder: Path) -> Iterator[str]:
    name = folder.resolve().name
    if name.isdecimal() and name != instrument.version:
        yield (
            f"warning: {STRUCTURE}: version: is {instrument.version!r}, and the folder is named {name}. "
            "Give both the same number."
        )


def main() -> int:
    """Print the result; 1 when the files have problems."""
    sound, lines = check_folder(Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED)
    print("\n".join(lines))
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
