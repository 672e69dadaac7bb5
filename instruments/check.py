"""`python -m instruments.check [FOLDER]`: check instrument files without publishing; exit 1 with one problem a line."""

from __future__ import annotations

import sys
from pathlib import Path

from instruments.catalog import SHIPPED, load_instrument
from instruments.loader import InstrumentError
from instruments.soundness import needed_text_keys
from languages import LANGUAGES


def check_folder(folder: Path) -> tuple[bool, list[str]]:
    """Whether the files are sound, and lines to print: what the instrument holds and how complete each language is, or problems."""
    try:
        instrument = load_instrument(folder)
    except InstrumentError as error:
        return False, error.problems
    lines = [
        f"{instrument.instrument} {instrument.version}: {len(instrument.questions)} questions, {len(instrument.items)} items"
    ]
    needed = set(needed_text_keys(instrument))
    for language in LANGUAGES:
        missing = sorted(needed - set(instrument.texts.get(language, {})))
        first = f"; first missing: {', '.join(missing[:5])}" if missing else ""
        lines.append(f"{language}: {len(needed) - len(missing)} of {len(needed)} texts{first}")
    return True, lines


def main() -> int:
    """Print the result; 1 when the files have problems."""
    sound, lines = check_folder(Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED)
    print("\n".join(lines))
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
