"""The parameters of an export in words, for pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from exports.codes import code_lists
from exports.cover import report_words
from exports.formats import format_words
from exports.settings import WORKBOOK
from exports.shape import Gettext
from instruments.schema import Instrument
from languages import LANGUAGE_NAMES, format_moment, separator


def filters_in_words(
    parameters: Mapping[str, Any], instrument: Instrument, names: Mapping[str, str], language: str, _: Gettext
) -> Iterator[tuple[str, str]]:
    """(what, its value) for the language and every filter that is set; what the round does not know keeps its code."""
    texts, listed = instrument.texts_in(language), separator(language)
    if report := parameters.get("report"):
        yield _("Report"), report_words(_)[report]
    if (kind := parameters["file_format"]) != WORKBOOK:
        yield _("Kind of file"), format_words(_)[kind]
    yield _("Language of the workbook"), LANGUAGE_NAMES[parameters["language"]]
    if parameters["states"]:
        yield _("States chosen"), listed.join(names.get(code, code) for code in parameters["states"])
    if parameters["regions"]:
        groups = code_lists(_)["group"]
        yield _("Regional groups chosen"), listed.join(groups.get(code, code) for code in parameters["regions"])
    if parameters["questions"]:
        known = instrument.questions
        numbers = (str(known[one].number_in(texts)) if one in known else one for one in parameters["questions"])
        yield _("Paragraphs chosen"), listed.join(numbers)
    if parameters["as_at"]:
        yield _("Submissions up to (UTC)"), format_moment(datetime.fromisoformat(parameters["as_at"]), language)
