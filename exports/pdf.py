"""A printed response as PDF, made by typst: an optional part of an installation (`make pdf`).

The file is tagged and says that it keeps to PDF/UA-1. Its words go to the template as JSON, so that no answer is read as markup.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import re
import threading
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from exports.cells import clean
from exports.document import PrintedResponse
from languages import isolate_ranges

TEMPLATE = Path(__file__).parent / "data" / "response.typ"
REGIONS = {"ar": "SA", "zh": "CN", "en": "GB", "fr": "FR", "ru": "RU", "es": "ES"}
log = logging.getLogger("tracker")


@dataclass(frozen=True, slots=True)
class Script:
    """Letters of one script, the fonts that set them well, in order, and the package of Debian and Ubuntu that has the first."""

    name: str
    letters: re.Pattern[str]
    fonts: tuple[str, ...]
    package: str


ARABIC, CHINESE, LATIN = "Arabic", "Chinese", "Latin and Cyrillic"
# Not Noto Sans Arabic: what is copied, searched or read aloud from a PDF with it comes out garbled.
SCRIPTS = (
    Script(ARABIC, re.compile("[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff]"), (
        "Noto Naskh Arabic", "Noto Kufi Arabic", "Amiri", "Sakkal Majalla", "Geeza Pro", "DejaVu Sans", "Arial",
    ), "fonts-noto-core"),
    Script(CHINESE, re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]"), (
        "Noto Sans CJK SC", "Source Han Sans SC", "Noto Serif CJK SC", "Microsoft YaHei", "PingFang SC", "SimSun",
        "WenQuanYi Zen Hei",
    ), "fonts-noto-cjk"),
    Script(LATIN, re.compile("[A-Za-z\u0400-\u04ff]"), (
        "Noto Sans", "DejaVu Sans", "Liberation Sans", "Arial",
    ), "fonts-noto-core"),
)  # fmt: skip

SCRIPT_WORDS = tuple(script.name for script in SCRIPTS)

# A document keeps a processor busy for a second and takes 100 MB; two at once would not be sooner done.
_one_at_a_time = threading.Lock()


class PdfUnavailable(Exception):
    """No PDF can be made here. `missing` is `typst`, or the name of a script without a font; `remedy` is a command."""

    def __init__(self, missing: str, remedy: str) -> None:
        super().__init__(f"{missing}: {remedy}")
        self.missing, self.remedy = missing, remedy


def is_available() -> bool:
    """Whether the library is installed; without it no page offers a PDF."""
    return importlib.util.find_spec("typst") is not None


def write_pdf(printed: PrintedResponse) -> bytes:
    """The file. Raises PdfUnavailable without typst, or without a font for a script that the text is written in."""
    if not is_available():
        raise PdfUnavailable("typst", "make pdf")
    typst = import_module("typst")
    data = as_data(printed)
    text = json.dumps(data, ensure_ascii=False)
    inputs = {"data": text, "fonts": json.dumps(choose_fonts(text, _families(), printed.language))}
    moment = printed.moment.replace(microsecond=0)
    with _one_at_a_time:
        compiler = typst.Compiler(str(TEMPLATE), root=str(TEMPLATE.parent), font_paths=_fonts(), sys_inputs=inputs)
        made: bytes
        try:
            made = compiler.compile(format="pdf", pdf_standards=["ua-1"], timestamp=moment)
        except typst.TypstError as error:
            # A sign that no font has is an error for PDF/UA; a box in its place is better than no document.
            log.warning("the document does not keep to PDF/UA-1: %s", error)
            made = compiler.compile(format="pdf", timestamp=moment)
        return made


def as_data(printed: PrintedResponse) -> dict[str, Any]:
    """The document as JSON for the template, without what no font can show."""
    data = asdict(printed)
    moment = data.pop("moment")
    assert moment is not None
    data["region"] = REGIONS[printed.language]
    data["heading"] = f"{printed.title.text} – {printed.state}"
    cleaned: dict[str, Any] = _cleaned(data, printed.rtl)
    return cleaned


def choose_fonts(text: str, families: frozenset[str], language: str) -> list[str | dict[str, str]]:
    """The fonts for a text, in the order in which a letter is looked for. Raises PdfUnavailable when a script has none."""
    present = {script.name: [font for font in script.fonts if font.lower() in families][:2] for script in SCRIPTS}
    for script in SCRIPTS:
        if not present[script.name] and script.letters.search(text):
            raise PdfUnavailable(script.name, f"apt install {script.package}")
    first = {"ar": ARABIC, "zh": CHINESE}.get(language, LATIN)
    rest = [name for name in (LATIN, ARABIC, CHINESE) if name != first]
    chosen: list[str | dict[str, str]] = []
    if first == CHINESE:
        # Quotation marks and dashes are those of the Chinese font, letters those of the Latin one.
        chosen += [{"name": font, "covers": "latin-in-cjk"} for font in present[LATIN]]
    for name in (first, *rest):
        chosen += [font for font in present[name] if font not in chosen]
    return chosen


def _cleaned(value: Any, rtl: bool) -> Any:
    """Texts without control characters; a range of numbers (`2026–2027`) runs from left to right among Arabic letters too."""
    if isinstance(value, str):
        text = clean(value.replace("\r\n", "\n").replace("\r", "\n"))[0]
        return isolate_ranges(text) if rtl or SCRIPTS[0].letters.search(text) else text
    if isinstance(value, dict):
        return {key: _cleaned(inner, rtl) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(inner, rtl) for inner in value]
    return value


@lru_cache(maxsize=1)
def _fonts() -> Any:
    return import_module("typst").Fonts(include_embedded_fonts=False)


@lru_cache(maxsize=1)
def _families() -> frozenset[str]:
    return frozenset(family.lower() for family in _fonts().families())
