"""The six official languages: codes, names, direction, catalogues, dates and plural forms. Imports no layer of the project."""

from __future__ import annotations

import gettext as gettext_module
import os
import re
from datetime import date, datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES: tuple[str, ...] = ("ar", "zh", "en", "fr", "ru", "es")
"""Codes in the order of the United Nations (alphabetical by English name)."""

LANGUAGE_NAMES: dict[str, str] = {
    "ar": "العربية",
    "zh": "中文",
    "en": "English",
    "fr": "Français",
    "ru": "Русский",
    "es": "Español",
}

# Not inside a code such as a receipt number, which is one word from left to right already.
_RANGE = re.compile(r"(?<![A-Za-z0-9-])\d+(?:[-–/]\d+)+(?![A-Za-z0-9-])")

SOURCE_INTERFACE_LANGUAGE = "en"
CATALOGUES = Path(__file__).parent / "translations"

# Months as United Nations documents print them. Arabic carries both the Levantine and the transliterated name,
# which CLDR does not have; the others are CLDR's wide names, kept here so that one table serves pages and workbooks.
_MONTHS: dict[str, tuple[str, ...]] = {
    "ar": (
        "كانون الثاني/يناير", "شباط/فبراير", "آذار/مارس", "نيسان/أبريل", "أيار/مايو", "حزيران/يونيه",
        "تموز/يوليه", "آب/أغسطس", "أيلول/سبتمبر", "تشرين الأول/أكتوبر", "تشرين الثاني/نوفمبر", "كانون الأول/ديسمبر",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin",
        "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    ),
    "ru": (
        "января", "февраля", "марта", "апреля", "мая", "июня",
        "июля", "августа", "сентября", "октября", "ноября", "декабря",
    ),
    "es": (
        "enero", "febrero", "marzo", "abril", "mayo", "junio",
        "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
    ),
}  # fmt: skip


def is_language(code: str | None) -> bool:
    """Whether the code is one of the six official languages."""
    return code in LANGUAGES


def direction(language: str) -> str:
    """`rtl` for Arabic, `ltr` for the other five."""
    return "rtl" if language == "ar" else "ltr"


def separator(language: str, *, heavy: bool = False) -> str:
    """What stands between the things of an enumeration: the language's comma, or its semicolon where they may hold commas."""
    return {"ar": ("، ", "؛ "), "zh": ("、", "；")}.get(language, (", ", "; "))[heavy]


def colon(language: str) -> str:
    """What stands between a name and what is said of it."""
    return {"fr": "\u00a0: ", "zh": "："}.get(language, ": ")


def quoted(text: str, language: str) -> str:
    """The text between the quotation marks of the language around it."""
    before, after = {"ar": "«»", "fr": ("«\u00a0", "\u00a0»"), "ru": "«»", "es": "«»"}.get(language, "“”")
    return f"{before}{text}{after}"


def isolate_ranges(text: str) -> str:
    """The text with each range of numbers (`2026-2027`) kept left to right: after Arabic letters its ends would change places."""
    return _RANGE.sub("\u2066\\g<0>\u2069", text)


def compile_catalogues() -> None:
    """Write `messages.mo` beside every `messages.po` that is newer than it. Raises OSError if the folder is not writable."""
    for po in CATALOGUES.glob("*/LC_MESSAGES/*.po"):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
            continue
        with po.open("rb") as source:
            catalogue = read_po(source, locale=po.parent.parent.name)
        # Two processes may compile at once: each writes its own file, the rename is atomic.
        scratch = mo.with_suffix(f".{os.getpid()}-{id(catalogue)}.tmp")
        with scratch.open("wb") as target:
            write_mo(target, catalogue)
        scratch.replace(mo)


@lru_cache(maxsize=16)
def translator(language: str) -> gettext_module.NullTranslations:
    """The interface catalogue of one language, for code below the views (workbook, mails, receipts).

    A message that is not translated comes back in English.
    """
    compile_catalogues()
    return gettext_module.translation("messages", localedir=str(CATALOGUES), languages=[language], fallback=True)


def format_date(value: date, language: str) -> str:
    """A date as United Nations documents print it: `30 June 2026`, `30 حزيران/يونيه 2026`, `2026年6月30日`, `30 de junio de 2026`."""
    if language == "zh":
        return f"{value.year}年{value.month}月{value.day}日"
    month = _MONTHS[language][value.month - 1]
    if language == "es":
        return f"{value.day} de {month} de {value.year}"
    if language == "fr" and value.day == 1:
        return f"1er {month} {value.year}"
    if language == "ru":
        return f"{value.day} {month} {value.year} года"
    return f"{value.day} {month} {value.year}"


def format_moment(value: datetime, language: str, zone: str = "UTC") -> str:
    """A moment in the given IANA zone, with the zone named: `30 June 2026, 14:02 (UTC)`."""
    local = value.astimezone(_zone(zone))
    comma = {"ar": "، ", "zh": " "}.get(language, ", ")
    return f"{format_date(local.date(), language)}{comma}{local:%H:%M} ({zone_label(zone)})"


def zone_label(zone: str) -> str:
    """An IANA zone as people read it: the fixed ones as their offset (`Etc/GMT+12` is UTC−12: its sign is reversed)."""
    sign, hours = zone.removeprefix("Etc/GMT")[:1], zone.removeprefix("Etc/GMT")[1:]
    if not zone.startswith("Etc/GMT") or sign not in {"+", "-"} or not hours.isdecimal():
        return zone
    return f"UTC{'−' if sign == '+' else '+'}{hours}" if int(hours) else "UTC"


def format_time(value: datetime, zone: str = "UTC") -> str:
    """The time of day, `14:02`, in the given IANA zone."""
    return f"{value.astimezone(_zone(zone)):%H:%M}"


def _zone(name: str) -> tzinfo:
    return ZoneInfo(name)
