"""What one export is made of: read in one short transaction, with the sealed documents put aside in a temporary file."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from exports.settings import ExportSettings
from instruments.schema import Instrument
from models.collation import sort_key
from models.database import Database
from models.export_queries import (
    CycleRecord,
    StateRecord,
    find_cycle_record,
    find_previous_cycle,
    list_evidence_ids,
    list_state_records,
    list_visibilities,
)
from models.queries import iterate_documents
from models.responses import VISIBILITIES
from models.states import REGIONS
from services.instruments import get_instrument
from services.permissions import NotFound
from services.responses import state_name


class ExportError(Exception):
    """The workbook cannot be made; the message says why, and nothing is left behind."""


class BrokenSeal(ExportError):
    """A sealed document differs from its fingerprint, or belongs to another questionnaire: it must not be passed on."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """One State's latest submission: its row in the cycle and the sealed document."""

    state: StateRecord
    document: dict[str, Any]
    questions: frozenset[str]
    """The questions that the export shows of it."""


class Documents:
    """Sealed documents in a temporary file, by submission id. Memory holds one at a time."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._places: dict[str, tuple[int, int]] = {}

    def put(self, submission_id: str, text: str) -> None:
        """Append a document."""
        data = text.encode("utf-8", "surrogatepass")
        self._places[submission_id] = (self._file.tell(), len(data))
        self._file.write(data)

    def get(self, state: StateRecord, instrument: Instrument) -> dict[str, Any]:
        """The State's document, checked against its fingerprint. Raises BrokenSeal."""
        assert state.seal is not None
        offset, size = self._places[state.seal.submission_id]
        self._file.seek(offset)
        data = self._file.read(size)
        if hashlib.sha256(data).hexdigest() != state.seal.sha256:
            raise BrokenSeal(f"The submission {state.seal.number} differs from its fingerprint: it was altered.")
        document: dict[str, Any] = json.loads(data.decode("utf-8", "surrogatepass"))
        if document["instrument"]["sha256"] != instrument.sha256:
            raise BrokenSeal(f"The submission {state.seal.number} answers another questionnaire than its cycle's.")
        return document


@dataclass(frozen=True)
class ExportSource:
    """The facts of one cycle at one moment."""

    cycle: CycleRecord
    instrument: Instrument
    states: tuple[StateRecord, ...]
    documents: Documents
    settings: ExportSettings = field(default_factory=ExportSettings)
    visibilities: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Today's visibility by response and question; what is narrower than the sealed one holds for past moments too."""
    stated_as_at: datetime | None = None
    """The moment that a file to be compared with states; None where the facts say it."""
    missing_files: frozenset[str] = frozenset()
    """Ids of supporting documents that were submitted and are not in the folder of documents any more."""
    previous: ExportSource | None = None
    """The round of reporting before, where there was one: the same States, their last submissions."""

    @property
    def as_at(self) -> datetime:
        """The moment of the newest fact. It stands in place of the clock, so that the same facts give the same file.

        In a shared file only what is sealed counts: when a State last worked on a draft is nobody else's to know.
        """
        if self.stated_as_at is not None:
            return self.stated_as_at
        moments = [self.cycle.opens_at, self.cycle.closed_at]
        for state in self.states:
            moments.append(state.seal.submitted_at if state.seal else None)
            if not self.settings.is_shared:
                moments += [
                    state.invited_at, state.focal_point_since, state.last_reminded_at, state.reopen_requested_at,
                    state.last_activity_at,
                ]  # fmt: skip
        if self.previous is not None:
            moments += [state.seal.submitted_at for state in self.previous.states if state.seal]
        return max(moment for moment in moments if moment is not None).astimezone(UTC).replace(microsecond=0)

    @property
    def questions(self) -> tuple[str, ...]:
        """The ids of the questions that the export is about, in the order of the questionnaire."""
        return self.settings.questions_of(self.instrument)

    def in_order(self, language: str) -> list[StateRecord]:
        """The States by regional group, inside a group by name in the language; never by how much they answered."""
        return sorted(
            self.states,
            key=lambda state: (
                REGIONS.index(state.region),
                sort_key(state_name(state.names, language), language),
                state.state_id,
            ),
        )

    def sealed(self, language: str) -> Iterator[Sealed]:
        """The States that submitted and show anything in this preset, in order, each with its document. Raises BrokenSeal."""
        for state in self.in_order(language):
            sealed = self._open(state)
            if sealed is not None:
                yield sealed

    def sealed_of(self, state_id: str) -> Sealed | None:
        """The submission of one State, if it made one that shows anything in this preset. Raises BrokenSeal."""
        state = self._by_id.get(state_id)
        return None if state is None else self._open(state)

    @cached_property
    def _by_id(self) -> dict[str, StateRecord]:
        return {state.state_id: state for state in self.states}

    def _open(self, state: StateRecord) -> Sealed | None:
        if state.seal is None:
            return None
        document = self.documents.get(state, self.instrument)
        shown = self._shown(state, document)
        return Sealed(state, document, shown) if shown else None

    def _shown(self, state: StateRecord, document: dict[str, Any]) -> frozenset[str]:
        today, sealed = self.visibilities.get(state.response_id, {}), document["visibility"]
        for question_id, visibility in sealed.items():
            sealed[question_id] = narrower(visibility, today.get(question_id, visibility))
        return frozenset(one for one in self.questions if self.settings.shows(sealed.get(one, VISIBILITIES[0])))


def narrower(one: str, other: str) -> str:
    """The visibility of the two that fewer may see."""
    return min(one, other, key=VISIBILITIES.index)


@contextmanager
def read_source(
    database: Database,
    cycle_id: str,
    settings: ExportSettings | None = None,
    *,
    until: datetime | None = None,
    evidence_folder: Path | None = None,
) -> Iterator[ExportSource]:
    """Read a cycle (`latest`: the one opened last) in one transaction; `until` leaves out what was sealed after that moment.

    With `evidence_folder` the source knows which documents are missing there.

    Raises NotFound for an unknown cycle or State, BadSettings for a question that the questionnaire has not.

    Works on a database opened read-only. The documents are there until the block ends.
    """
    asked = settings or ExportSettings()
    newest = min((moment for moment in (asked.as_at, until) if moment is not None), default=None)
    with tempfile.TemporaryFile(prefix="export-") as file:
        documents = Documents(file)
        with database.reading() as session:

            def read(cycle: CycleRecord, every: list[StateRecord]) -> ExportSource:
                instrument = get_instrument(session, cycle.instrument_version_id)
                states = tuple(state for state in every if asked.accepts(state.state_id, state.region))
                wanted = [state.seal.submission_id for state in states if state.seal is not None]
                for submission_id, text in iterate_documents(session, wanted):
                    documents.put(submission_id, text)
                return ExportSource(cycle, instrument, states, documents, asked, list_visibilities(session, cycle.id))

            cycle = find_cycle_record(session, cycle_id)
            if cycle is None:
                raise NotFound(cycle_id)
            every = list_state_records(session, cycle, newest)
            if unknown := set(asked.states) - {state.state_id for state in every}:
                raise NotFound(", ".join(sorted(unknown)))
            source = read(cycle, every)
            if evidence_folder is not None:
                files = list_evidence_ids(session, cycle.id)
                source = replace(
                    source, missing_files=frozenset(one for one in files if not (evidence_folder / one).is_file())
                )
            asked.check_questions(source.instrument)
            before = find_previous_cycle(session, cycle)
            if before is not None:
                source = replace(source, previous=read(before, list_state_records(session, before, newest)))
        yield source
