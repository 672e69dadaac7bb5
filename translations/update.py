"""`make translations`: collect the interface messages and bring the six catalogues up to date; nothing translated is lost."""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).parent
ROOT = HERE.parent
TRANSLATED = ("ar", "zh", "fr", "ru", "es")
KEYWORDS = {
    "_": None, "_l": None, "gettext": None, "lazy_gettext": None, "N_": None, "ngettext": (1, 2), "lazy_ngettext": (1, 2),
}  # fmt: skip


def collect() -> Catalog:
    """Every message of the project's code and templates, with the places it comes from (file names only)."""
    with (ROOT / "babel.cfg").open("r", encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    template = Catalog(project="Implementation Tracker", charset="utf-8")
    for filename, _line, message, comments, context in extract_from_dir(
        str(ROOT), method_map=methods, options_map=options, keywords=KEYWORDS, comment_tags=("L10N",)
    ):
        # Line numbers would change every catalogue with every edit of the code.
        template.add(message, None, [(filename, None)], auto_comments=comments, context=context)  # type: ignore[list-item]
    return template


def main() -> int:
    """Update the catalogues; print how many messages each lacks. With `--check`, change nothing and fail if any is missing."""
    template = collect()
    check = "--check" in sys.argv
    missing = 0
    for language in TRANSLATED:
        path = HERE / language / "LC_MESSAGES" / "messages.po"
        catalogue = Catalog(locale=language, charset="utf-8")
        if path.exists():
            with path.open("rb") as file:
                catalogue = read_po(file, locale=language)
        catalogue.update(template, no_fuzzy_matching=True)
        lacking = [message for message in catalogue if message.id and not _is_translated(message)]
        missing += len(lacking)
        print(f"{language}: {len(catalogue)} messages, {len(lacking)} without translation")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                write_po(file, catalogue, width=110, omit_header=False, ignore_obsolete=True, sort_output=True)
    return 1 if check and missing else 0


def _is_translated(message: object) -> bool:
    string = getattr(message, "string", "")
    return all(string) if isinstance(string, tuple) else bool(string)


if __name__ == "__main__":
    sys.exit(main())
