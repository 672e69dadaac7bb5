"""What typed text may hold, and a gentle look for personal data of victims."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


def clean_text(text: str) -> str:
    """The text with line ends as \\n, in Unicode normal form C, without control characters, non-characters and lone surrogates.

    Such characters come from word processors, are seen by nobody, and would stop a workbook or a PostgreSQL save.
    """
    return unicodedata.normalize("NFC", _FORBIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def has_forbidden(text: str) -> bool:
    """Whether `clean_text` takes characters out of the text, so that the person is told."""
    return _FORBIDDEN.search(text) is not None


# Every repetition is bounded: a long text must not be searched again from each of its characters.
_PERSONAL = (
    # A passport or identity number: letters followed by many digits, or a long run of digits.
    re.compile(r"\b[A-Z]{1,3}[- ]?\d{6,9}\b"),
    re.compile(r"(?<![\d.,/-])\d{9,14}(?![\d.,/-])"),
    # A date of birth in words of the six languages.
    re.compile(
        r"\b(born (?:on|in)|date of birth|née? le|date de naissance|nacid[oa] (?:el|en)|fecha de nacimiento|"
        r"дата рождения|родил(?:ся|ась)|года рождения)",
        re.IGNORECASE,
    ),
    re.compile(r"تاريخ (?:ال)?ميلاد|من مواليد|(?:ال)?مولودة? في|出生日期|出生于|[年月日]出生"),
    # A name with an age: "Maria K., 17 years old".
    re.compile(
        r"\b[A-ZÀ-Þ][\w’'-]{1,40}(?: [A-ZÀ-Þ][\w’'.-]{0,40})?,? (?:aged? |de |edad )?\d{1,2}"
        r"(?: years old| ans\b| años\b)"
    ),
    re.compile(r"\b[А-ЯЁ][а-яё]{1,40}(?: [А-ЯЁ][а-яё.]{0,40})?, \d{1,2} (?:лет|года?)\b"),
    re.compile(r"(?:عمرها|عمره|تبلغ من العمر|يبلغ من العمر) [0-9٠-٩]{1,2}"),
    re.compile(r"[\u4e00-\u9fff]{2,3}[，,（(](?:女|男|现年|年仅)[，,]?\d{1,2}岁"),
    re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.\w{2}"),
    re.compile(r"\+\d[\d ()-]{7,20}\d"),
)


def looks_like_personal_data(value: Any) -> bool:
    """Whether any text inside a JSON value looks like personal data: a hint to look again, never a refusal."""
    if isinstance(value, str):
        return any(pattern.search(value) for pattern in _PERSONAL)
    if isinstance(value, dict):
        return any(
            looks_like_personal_data(entry) for key, entry in value.items() if key not in {"sha256", "row_id", "link"}
        )
    if isinstance(value, list):
        return any(looks_like_personal_data(entry) for entry in value)
    return False
