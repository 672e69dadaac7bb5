"""What one export is asked for: its preset, language and filters. Every preset is a filter on the same facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from exports.topics import REPORTS, report_questions
from instruments.schema import Instrument
from languages import is_language
from models.states import REGIONS

SECRETARIAT, REVIEWERS, PUBLIC, STATE = "secretariat", "reviewers", "public", "state"
PRESETS: tuple[str, ...] = (SECRETARIAT, REVIEWERS, PUBLIC, STATE)
"""Everything submitted; one State for its reviewers; what is open to the public; a State's own copy."""

OPEN_TO: dict[str, frozenset[str]] = {
    SECRETARIAT: frozenset({"secretariat", "reviewers", "parties", "public"}),
    REVIEWERS: frozenset({"reviewers", "parties", "public"}),
    PUBLIC: frozenset({"public"}),
    STATE: frozenset({"secretariat", "reviewers", "parties", "public"}),
}
"""The visibilities of a question that a preset shows."""

THRESHOLDS: dict[str, int] = {SECRETARIAT: 0, REVIEWERS: 5, PUBLIC: 11, STATE: 0}
"""Counts of persons from 1 to one less than this are withheld (11 as for published victims' data, 5 for reviewers)."""


WORKBOOK, DATA_PACKAGE, CSV, JSON = FILE_FORMATS = ("xlsx", "datapackage", "csv", "json")
"""The kinds of file: everything as a workbook or as a data package, the answers alone as CSV or as JSON."""


class BadSettings(ValueError):
    """The export cannot be asked for like this; `code` says why, `word` what it is about."""

    def __init__(self, code: str, word: str = "") -> None:
        super().__init__(f"{code}: {word}" if word else code)
        self.code, self.word = code, word


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """The parameters of an export. Empty filters leave nothing out."""

    language: str = "en"
    preset: str = SECRETARIAT
    states: tuple[str, ...] = ()
    """Codes of the States; the presets `reviewers` and `state` name exactly one."""
    regions: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    report: str = ""
    """What the workbook is about: empty for every paragraph, else one of `exports.topics.REPORTS`."""
    file_format: str = WORKBOOK
    recipient: str = ""
    """Who gets the file, in words; stands on the cover and in the record."""
    as_at: datetime | None = None
    """Submissions sealed at or before this moment, shown with today's visibility; None for the newest."""

    def __post_init__(self) -> None:
        if not is_language(self.language):
            raise BadSettings("unknown_language", self.language)
        if self.preset not in PRESETS:
            raise BadSettings("unknown_preset", self.preset)
        if self.report not in REPORTS:
            raise BadSettings("unknown_report", self.report)
        if self.file_format not in FILE_FORMATS:
            raise BadSettings("unknown_format", self.file_format)
        if self.preset in {REVIEWERS, STATE} and len(self.states) != 1:
            raise BadSettings("one_state", self.preset)
        for region in self.regions:
            if region not in REGIONS:
                raise BadSettings("unknown_region", region)
        if self.as_at is not None and self.as_at.tzinfo is None:
            raise BadSettings("no_zone", self.as_at.isoformat())

    @property
    def threshold(self) -> int:
        """The smallest count of persons that is shown, besides 0; 0 where nothing is withheld."""
        return THRESHOLDS[self.preset]

    @property
    def is_shared(self) -> bool:
        """Whether the file leaves the circle of the State and the secretariat."""
        return self.preset in {REVIEWERS, PUBLIC}

    @property
    def is_small(self) -> bool:
        """Whether the file is about one State: made in less time than a person would wait for a job to begin."""
        return len(self.states) == 1

    def shows(self, visibility: str) -> bool:
        """Whether an answer of this visibility is in the file."""
        return visibility in OPEN_TO[self.preset]

    def questions_of(self, instrument: Instrument) -> tuple[str, ...]:
        """The ids of the questions that the export is about, in the order of the questionnaire."""
        about = report_questions(instrument, self.report)
        return tuple(one for one in about if not self.questions or one in self.questions)

    def check_questions(self, instrument: Instrument) -> None:
        """Raise BadSettings for a question that the questionnaire has not."""
        for question_id in self.questions:
            if question_id not in instrument.questions:
                raise BadSettings("unknown_question", question_id)

    def accepts(self, state_id: str, region: str) -> bool:
        """Whether the State is among those asked for."""
        return (not self.states or state_id in self.states) and (not self.regions or region in self.regions)

    def as_json(self) -> dict[str, Any]:
        """The parameters as plain data, for the cover, the record and a saved setting."""
        return {
            "preset": self.preset, "language": self.language, "states": list(self.states), "regions": list(self.regions),
            "questions": list(self.questions), "report": self.report, "file_format": self.file_format,
            "recipient": self.recipient, "as_at": self.as_at.isoformat() if self.as_at else None,
        }  # fmt: skip

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Self:
        """The settings of their plain data. Raises BadSettings, also for data of another form."""
        texts = {name: given.get(name) for name in ("preset", "language", "report", "file_format", "recipient")}
        lists = {name: given.get(name) for name in ("states", "regions", "questions")}
        moment = given.get("as_at")
        if (
            set(given) - {*texts, *lists, "as_at"}
            or not all(isinstance(text, str) for text in texts.values())
            or not all(
                isinstance(entries, list) and all(isinstance(one, str) for one in entries) for entries in lists.values()
            )
            or not isinstance(moment, str | None)
        ):
            raise BadSettings("bad_parameters")
        try:
            as_at = None if moment is None else datetime.fromisoformat(moment)
        except ValueError:
            raise BadSettings("bad_parameters", str(moment)) from None
        return cls(**texts, **{name: tuple(entries) for name, entries in lists.items()}, as_at=as_at)  # type: ignore[arg-type]
