"""What was submitted, for the secretariat: one State's answers, and the answers to one paragraph across States."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlmodel import Session

from instruments.items import Item
from instruments.schema import Instrument, Question
from instruments.values import EvidenceReference, Narrative, codes_of
from models.cycles import Cycle
from models.queries import Seal, iterate_documents, list_latest_seals
from models.states import REGIONS
from services.secretariat import Board, Filter, Standing

SCALES: tuple[str, ...] = ("status", "consider")
"""Choice lists whose codes are counted across States: how far a paragraph is carried out, and what came of considering."""


@dataclass
class Submitted:
    """What one State submitted, read from the sealed document and from nothing else."""

    document: Mapping[str, Any]
    instrument: Instrument

    @cached_property
    def asked(self) -> frozenset[str]:
        """Ids of the items that were asked."""
        return frozenset(self.document["asked"])

    @cached_property
    def values(self) -> dict[str, Any]:
        """Typed values of the items asked and answered."""
        return self.values_of(self.instrument.items.values())

    def values_of(self, items: Iterable[Item]) -> dict[str, Any]:
        """Typed values of some items."""
        answers = self.document["answers"]
        return {item.id: item.load(answers[item.id]["value"]) for item in items if item.id in answers}

    @cached_property
    def files(self) -> dict[str, list[EvidenceReference]]:
        """The files that answers name, by item id."""
        found = {}
        for item_id, value in self.values.items():
            files = (
                [entry for entry in value if isinstance(entry, EvidenceReference)] if isinstance(value, tuple) else []
            )
            if files:
                found[item_id] = files
        return found

    def not_answered(self, question: Question) -> list[Item]:
        """Items that were asked and left empty."""
        return [item for item in question.items if item.id in self.asked and item.id not in self.document["answers"]]

    def not_asked(self, question: Question) -> list[Item]:
        """Items that were not asked of this State."""
        return [item for item in question.items if item.id not in self.asked]

    def findings(self, question_id: str) -> list[str]:
        """Codes of what looked inconsistent when it was submitted."""
        pairs = (entry.rpartition(":") for entry in self.document["findings"])
        return [code for subject, _colon, code in pairs if subject.partition(".")[0] == question_id]


def read_submitted(document_text: str, instrument: Instrument) -> Submitted:
    """The submission of its stored document."""
    return Submitted(json.loads(document_text), instrument)


@dataclass(frozen=True, slots=True)
class Digest:
    """What is counted of a submission: which items were asked and answered, and the codes chosen in closed items."""

    asked: frozenset[str]
    answered: frozenset[str]
    codes: Mapping[str, frozenset[str]]

    def code(self, item_id: str) -> str:
        """The code given to a single choice; empty when there is none."""
        return next(iter(self.codes.get(item_id, ())), "")


class _Digests:
    """Digests of submissions by id. A submission never changes, so a digest is right for ever; the oldest are dropped."""

    LARGEST = 2000

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Digest] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, session: Session, seals: Sequence[Seal], instrument: Instrument) -> dict[str, Digest]:
        """Digests by submission id; documents are read only for those not seen before."""
        with self._lock:
            found = {seal.id: self._kept[seal.id] for seal in seals if seal.id in self._kept}
        closed = [item for item in instrument.items.values() if item.boxes() is not None]
        for submission_id, text in iterate_documents(session, [seal.id for seal in seals if seal.id not in found]):
            found[submission_id] = _digest(json.loads(text), closed)
        with self._lock:
            for submission_id, digest in found.items():
                self._kept[submission_id] = digest
                self._kept.move_to_end(submission_id)
            while len(self._kept) > self.LARGEST:
                self._kept.popitem(last=False)
        return found


_DIGESTS = _Digests()


def _digest(document: Mapping[str, Any], closed: Sequence[Item]) -> Digest:
    answers = document["answers"]
    codes = {
        item.id: frozenset(codes_of(item.load(answers[item.id]["value"]))) for item in closed if item.id in answers
    }
    return Digest(frozenset(document["asked"]), frozenset(answers), codes)


def is_scale(item: Item) -> bool:
    """Whether the item is answered on one of the two scales."""
    boxes = item.boxes()
    return boxes is not None and boxes.name in SCALES


@dataclass
class Tally:
    """Answers to one closed item over some States: codes (several of a State where several may be chosen), and the two blanks."""

    codes: dict[str, int] = field(default_factory=dict)
    answered: int = 0
    not_answered: int = 0
    not_asked: int = 0

    @property
    def asked(self) -> int:
        """States that were asked, whether they answered or not."""
        return self.answered + self.not_answered

    @property
    def states(self) -> int:
        """All States counted."""
        return self.asked + self.not_asked

    def add(self, item_id: str, digest: Digest) -> None:
        """Count one submission."""
        if item_id not in digest.asked:
            self.not_asked += 1
        elif item_id in digest.codes:
            self.answered += 1
            for code in digest.codes[item_id]:
                self.codes[code] = self.codes.get(code, 0) + 1
        else:
            self.not_answered += 1


@dataclass(frozen=True, slots=True)
class Distribution:
    """One closed item over the submitted responses: by regional group, and together."""

    item: Item
    by_region: list[tuple[str, Tally]]
    total: Tally


@dataclass(frozen=True, slots=True)
class Passage:
    """What one State wrote on a paragraph, with its language and the status it gave."""

    standing: Standing
    seal: Seal
    headline: str
    texts: list[Narrative]


@dataclass
class ParagraphView:
    """The answers to a question across States, from their newest submissions."""

    question: Question
    distributions: list[Distribution]
    closed: list[Distribution]
    """Of the closed items that are on neither scale."""
    submitted: int
    passages: list[Passage]
    page: int
    pages: int
    passage_count: int


PER_PAGE = 20


def read_paragraph(
    session: Session, board: Board, question: Question, instrument: Instrument, *, region: str, code: str, page: int
) -> ParagraphView:
    """Distribution and one page of narratives; `region` and `code` (of the headline) restrict both or only the texts."""
    seals = {seal.state_id: seal for seal in list_latest_seals(session, board.cycle.id)}
    digests = _DIGESTS.of(session, list(seals.values()), instrument)
    told = [
        (standing, seals[standing.state.id], digests[seals[standing.state.id].id])
        for _region, standings in board.by_region(Filter(region=region))
        for standing in standings
        if standing.state.id in seals
    ]
    scales = sorted((item for item in question.items if is_scale(item)), key=lambda item: item.id != question.headline)
    distributions = [_distribution(item, told) for item in scales]
    closed = [_distribution(item, told) for item in question.items if item.boxes() is not None and not is_scale(item)]
    narratives = [item for item in question.items if item.group == "narrative"]
    writing = [
        (standing, seal)
        for standing, seal, digest in told
        if any(item.id in digest.answered for item in narratives)
        and (not code or digest.code(question.headline) == code)
    ]
    pages = max(1, -(-len(writing) // PER_PAGE))
    page = min(max(page, 1), pages)
    shown = writing[(page - 1) * PER_PAGE : page * PER_PAGE]
    documents = dict(iterate_documents(session, [seal.id for _standing, seal in shown]))
    passages = []
    for standing, seal in shown:
        values = read_submitted(documents[seal.id], instrument).values_of(narratives)
        texts = [value for value in values.values() if isinstance(value, Narrative)]
        passages.append(Passage(standing, seal, digests[seal.id].code(question.headline), texts))
    return ParagraphView(question, distributions, closed, len(told), passages, page, pages, len(writing))


def _distribution(item: Item, told: Sequence[tuple[Standing, Seal, Digest]]) -> Distribution:
    by_region: dict[str, Tally] = {}
    total = Tally()
    for standing, _seal, digest in told:
        by_region.setdefault(standing.state.region, Tally()).add(item.id, digest)
        total.add(item.id, digest)
    return Distribution(item, [(region, by_region[region]) for region in REGIONS if region in by_region], total)


def read_headlines(session: Session, cycle: Cycle, instrument: Instrument) -> tuple[dict[str, Tally], int]:
    """The headline of every question over all submitted responses, by question id; and how many there are."""
    seals = list_latest_seals(session, cycle.id)
    digests = _DIGESTS.of(session, seals, instrument)
    tallies = {}
    for question in instrument.questions.values():
        if question.headline:
            tallies[question.id] = Tally()
            for digest in digests.values():
                tallies[question.id].add(question.headline, digest)
    return tallies, len(seals)
