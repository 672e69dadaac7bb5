"""`python -m instruments.check [FOLDER]`: check instrument files without publishing; exit 1 with one problem a line."""

from __future__ import annotations

import sys
from pathlib import Path

from instruments.catalog import SHIPPED, load_instrument, needed_text_keys
from instruments.loader import InstrumentError
from languages import LANGUAGES


def main() -> int:
    """Print what the instrument holds and how complete each language is; 1 when it has problems."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED
    try:
        instrument = load_instrument(folder)
    except InstrumentError as error:
        print("\n".join(error.problems))
        return 1
    print(
        f"{instrument.instrument} {instrument.version}: {len(instrument.questions)} questions, {len(instrument.items)} items"
    )
    needed = set(needed_text_keys(instrument))
    for language in LANGUAGES:
        missing = sorted(needed - set(instrument.texts.get(language, {})))
        print(
            f"{language}: {len(needed) - len(missing)} of {len(needed)} texts"
            + (f"; first missing: {missing[:5]}" if missing else "")
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
