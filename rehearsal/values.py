"""Invented values: one maker per item type, all from one seeded generator, so that the same seed gives the same answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from instruments.items import Item
from instruments.items.assistance import AssistanceRow
from instruments.items.bodies import Body
from instruments.items.legal_references import LegalReference
from instruments.items.policies import Policy
from instruments.items.statistics import BREAKDOWNS
from instruments.routing import asked_item_ids
from instruments.schema import Instrument
from instruments.values import (
    Amount,
    Chosen,
    Difficulties,
    EvidenceReference,
    GoodPractice,
    Narrative,
    Period,
    Statistics,
)
from rehearsal.phrases import Author, read_themes

CURRENCIES = ("USD", "EUR", "XDR")
"""Such as are not the money of one State alone."""

STANCE_OF: dict[str, str] = {
    "fully_implemented": "done", "considered_adopted": "done", "party": "done", "correct": "done", "received": "done",
    "yes": "done", "on_time": "done", "late": "done",
    "partially_implemented": "both", "planned_or_under_way": "both", "under_consideration": "both",
    "not_implemented": "missing", "considered_not_adopted": "missing", "not_considered": "missing",
    "not_party": "missing", "requested": "missing", "refused": "missing", "not_requested": "missing",
    "in_preparation": "missing", "not_begun": "missing", "no": "missing",
    "not_applicable": "unknown", "no_information": "unknown",
}  # fmt: skip
"""What the text of a question says, given the first code chosen in it; `both` where there is none."""

_STATUS_WEIGHTS = {
    "fully_implemented": 30, "partially_implemented": 32, "planned_or_under_way": 14, "not_implemented": 12,
    "not_applicable": 4, "no_information": 8,
}  # fmt: skip
_RARE = {"no_information": 0.25, "to_correct": 0.2, "refused": 0.3, "not_party": 0.4}
_RANGES: dict[str, tuple[int, int]] = {
    "op5.penalty_basic_min": (2, 5), "op5.penalty_basic_max": (8, 12), "op5.penalty_aggravated_min": (5, 8),
    "op5.penalty_aggravated_max": (15, 25), "op5.limitation_years": (8, 25), "op5.median_days": (180, 900),
    "op13a.reflection_days": (30, 120), "op13d.share": (5, 60),
}  # fmt: skip


@dataclass
class Scene:
    """All that values are made from. `store` keeps a file and gives its reference; None means that no file is attached."""

    instrument: Instrument
    author: Author
    second: Author | None
    facts: Mapping[str, str]
    years: tuple[int, ...]
    site: str
    store: Callable[[str, str, bytes], EvidenceReference | None]
    wanted: Callable[[Item], bool]
    pins: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def rng(self) -> Random:
        """The generator of the State."""
        return self.author.rng

    def row_id(self) -> str:
        """A random row id."""
        return f"{self.rng.getrandbits(48):012x}"

    def page(self, *parts: object) -> str:
        """An address on the invented site of the State."""
        return f"https://www.{self.site}.example/{'/'.join(map(str, parts))}"

    def stance(self, question_id: str) -> str:
        """What the texts of a question say: done, both, missing or unknown."""
        question = self.instrument.questions[question_id]
        if question.headline:
            return STANCE_OF.get(self.values.get(question.headline, ""), "both")
        if question_id == "op1" and self.facts["party_status"] in STANCE_OF:
            return STANCE_OF[self.facts["party_status"]]
        codes = (self.values.get(item.id) for item in question.items if item.boxes() is not None)
        return STANCE_OF.get(next((code for code in codes if isinstance(code, str)), ""), "done")


def make_answers(scene: Scene) -> dict[str, Any]:
    """Values for the items that are asked and wanted, by item id; pinned values first. Changes `scene.values`."""
    decided: set[str] = set()
    while True:
        asked = asked_item_ids(scene.instrument, scene.values, scene.facts)
        new = [item for item in scene.instrument.items.values() if item.id in asked - decided]
        if not new:
            return scene.values
        # Codes first: the texts say what the codes say.
        for item in sorted(new, key=lambda item: item.boxes() is None):
            decided.add(item.id)
            maker = MAKERS.get(item.item_type)
            if item.id in scene.pins:
                value = scene.pins[item.id]
            else:
                value = maker(item, scene) if maker and scene.wanted(item) else None
            if value is not None:
                scene.values[item.id] = value


def _weighted(rng: Random, codes: Sequence[str], weights: Mapping[str, float]) -> str:
    return rng.choices(codes, [weights.get(code, 1) for code in codes])[0]


def _status(item: Any, scene: Scene) -> str:
    question = scene.instrument.questions[item.question_id]
    others = [scene.values[other.id] for other in question.items if other.id in scene.values and other.id != item.id]
    same = next((code for code in others if isinstance(code, str) and code in _STATUS_WEIGHTS), None)
    # Law and practice, whole and part mostly agree.
    if same is not None and scene.rng.random() < 0.6:
        return same
    return _weighted(scene.rng, item.choice_list.codes, _STATUS_WEIGHTS)


def _choice(item: Any, scene: Scene) -> str:
    return _weighted(scene.rng, item.choice_list.codes, _RARE)


def _chosen(choice_list: Any, scene: Scene, question_id: str) -> Chosen:
    free = [code for code in choice_list.codes if code not in choice_list.exclusive and code != "no_information"]
    if choice_list.exclusive and scene.rng.random() < 0.12:
        picked = {scene.rng.choice(choice_list.exclusive)}
    else:
        picked = set(scene.rng.sample(free, scene.rng.randint(1, min(4, len(free)))))
    other = scene.author.one_of("others", question_id) if choice_list.other in picked else ""
    return Chosen(codes=tuple(code for code in choice_list.codes if code in picked), other=other)


def _choices(item: Any, scene: Scene) -> Chosen:
    return _chosen(item.choice_list, scene, item.question_id)


def _length(rng: Random) -> int:
    low, high = rng.choices([(200, 600), (600, 1200), (1200, 3000)], [55, 30, 15])[0]
    return rng.randint(low, high)


def _narrative(item: Any, scene: Scene) -> Narrative | None:
    author = scene.second if scene.second is not None and scene.rng.random() < 0.3 else scene.author
    aspect = item.id.partition(".")[2]
    question_id = item.question_id
    if aspect == "authority":
        bodies = read_themes()["questions"][question_id]["bodies"]
        text: str | None = "\n".join(author.bank["bodies"][body] for body in bodies)
    elif aspect == "not_applicable_reason":
        text = author.reason(question_id)
    else:
        text = author.special(item.id, question_id)
    if text is None:
        text = author.narrative(question_id, scene.stance(question_id), _length(scene.rng))
    return Narrative(text=text, language=author.language)


def _whole_number(item: Any, scene: Scene) -> int:
    return scene.rng.randint(*_RANGES.get(item.id, (0, 100)))


def _decimal(item: Any, scene: Scene) -> Decimal:
    low, high = _RANGES.get(item.id, (0, 100))
    return Decimal(scene.rng.randint(2 * low, 2 * high)) / 2


def _amount(_item: Any, scene: Scene) -> Amount:
    return Amount(amount=Decimal(scene.rng.randint(2, 900) * 5000), currency=scene.rng.choice(CURRENCIES))


def _date(item: Any, scene: Scene) -> date:
    year = scene.author.year
    first, last = (year + 1, year + 3) if item.id.endswith("expected_on") else (year - 12, year - 1)
    return _day(scene.rng, first, last)


def _day(rng: Random, first: int, last: int) -> date:
    return date(rng.randint(first, last), rng.randint(1, 12), rng.randint(1, 28))


def _period(_item: Any, scene: Scene) -> Period:
    return Period(start=date(scene.rng.choice(scene.years), 1, 1), end=date(scene.years[-1], 12, 31))


def _link(item: Any, scene: Scene) -> str:
    return scene.page("reports", scene.author.past_year(), item.question_id)


def _some(scene: Scene, question_id: str, key: str, most: int) -> list[str]:
    codes = read_themes()["questions"][question_id][key]
    return scene.rng.sample(codes, scene.rng.randint(1, min(most, len(codes))))


def _legal_references(item: Any, scene: Scene) -> tuple[LegalReference, ...]:
    rows = []
    for law in _some(scene, item.question_id, "laws", 3):
        first = scene.rng.randint(2, 180)
        rows.append(LegalReference(
            row_id=scene.row_id(), title=scene.author.bank["laws"][law], number=scene.author.law_number(),
            articles=f"{first}–{first + scene.rng.randint(1, 8)}", language=scene.author.language,
            in_force_since=_day(scene.rng, scene.author.year - 20, scene.author.year - 1),
            link=scene.page("laws", law) if scene.rng.random() < 0.5 else None,
        ))  # fmt: skip
    return tuple(rows)


def _policies(item: Any, scene: Scene) -> tuple[Policy, ...]:
    rows = []
    for policy in _some(scene, item.question_id, "policies", 2):
        start = scene.author.past_year()
        body = scene.rng.choice(read_themes()["questions"][item.question_id]["bodies"])
        rows.append(Policy(
            row_id=scene.row_id(), title=scene.author.bank["policies"][policy], kind=policy, start_year=start,
            lead_body=scene.author.bank["bodies"][body], link=scene.page("policies", policy),
            end_year=start + scene.rng.randint(2, 5) if scene.rng.random() < 0.7 else None,
        ))  # fmt: skip
    return tuple(rows)


def _bodies(item: Any, scene: Scene) -> tuple[Body, ...]:
    kinds = read_themes()["body_kinds"]
    return tuple(
        Body(
            row_id=scene.row_id(), name=scene.author.bank["bodies"][body], kind=kinds[body],
            legal_basis=scene.author.one_of("legal_bases", item.question_id),
            since=scene.author.year - scene.rng.randint(1, 30),
            staff=scene.rng.randint(0, 180) if scene.rng.random() < 0.8 else None,
        )
        for body in _some(scene, item.question_id, "bodies", 2)
    )  # fmt: skip


def _assistance(item: Any, scene: Scene) -> tuple[AssistanceRow, ...]:
    rows = []
    lists = {column.id: column.choice_list.codes for column in item.row_columns if column.choice_list is not None}
    for _ in range(scene.rng.randint(1, 2)):
        picked = {name: scene.rng.choice(codes) for name, codes in lists.items()}
        is_given = picked["requested"] in {"being_received", "received"}
        rows.append(AssistanceRow(
            row_id=scene.row_id(), topic=scene.author.bank["themes"][item.question_id]["need"],
            received_from=scene.author.one_of("received_from", item.question_id) if is_given else None, **picked,
        ))  # fmt: skip
    return tuple(rows)


def _difficulties(item: Any, scene: Scene) -> Difficulties:
    texts = scene.rng.sample(scene.author.bank["difficulties"], scene.rng.randint(0, 2))
    return Difficulties(
        chosen=_chosen(item.choice_list, scene, item.question_id),
        text=("" if scene.author.language == "zh" else " ").join(texts),
    )


def _good_practice(item: Any, scene: Scene) -> GoodPractice:
    return GoodPractice(text=scene.author.one_of("practices", item.question_id), consent=scene.rng.random() < 0.6)


def _evidence(item: Any, scene: Scene) -> tuple[EvidenceReference, ...] | None:
    name = scene.author.one_of("files", item.question_id).replace("/", "-")
    content = scene.author.fill(scene.author.bank["file_text"], item.question_id)
    reference = scene.store(item.id, name, f"{content}\n".encode())
    return None if reference is None else (reference,)


def _statistics(item: Any, scene: Scene) -> Statistics:
    rng = scene.rng
    cells: dict[str, dict[str, Decimal]] = {}
    level = rng.choice((6, 20, 60, 200))
    for position, row in enumerate(item.rows_):
        for year in scene.years:
            if rng.random() < 0.06:
                continue  # a figure that was not given
            total = rng.randint(0, 2 * level) * 3 // (3 + 2 * position)
            put_figures(cells, row, str(year), total, item.by, rng)
    for row in item.money_rows:
        for year in scene.years:
            cells.setdefault(row, {})[str(year)] = Decimal(rng.randint(0, 400) * 2500)
    return Statistics(
        cells=cells, currency=rng.choice(CURRENCIES) if item.money_rows else "",
        source=scene.author.one_of("sources", item.question_id),
        definition=scene.author.one_of("definitions", item.question_id) if rng.random() < 0.7 else "",
        provisional=(str(scene.years[-1]),) if rng.random() < 0.4 else (),
    )  # fmt: skip


def put_figures(
    cells: dict[str, dict[str, Decimal]], row: str, year: str, total: int, by: Sequence[str], rng: Random
) -> None:
    """A total and parts that make it: the last part of a breakdown is what is not known, mostly nothing."""
    cells.setdefault(row, {})[year] = Decimal(total)
    for breakdown in by:
        *known, unknown = BREAKDOWNS[breakdown]
        left = total - (uncounted := rng.randint(0, total // 6))
        cells.setdefault(f"{row}.{unknown}", {})[year] = Decimal(uncounted)
        for part in known[:-1]:
            share = rng.randint(0, left) if len(known) == 2 else rng.randint(0, left // 2)
            cells.setdefault(f"{row}.{part}", {})[year] = Decimal(share)
            left -= share
        cells.setdefault(f"{row}.{known[-1]}", {})[year] = Decimal(left)


MAKERS: dict[str, Callable[[Any, Scene], Any]] = {
    "status": _status, "consider": _choice, "yes_partly_no": _choice, "choice": _choice, "choices": _choices,
    "narrative": _narrative, "whole_number": _whole_number, "decimal": _decimal, "amount": _amount, "date": _date,
    "period": _period, "link": _link, "legal_references": _legal_references, "policies": _policies, "bodies": _bodies,
    "assistance": _assistance, "difficulties": _difficulties, "good_practice": _good_practice, "evidence": _evidence,
    "statistics": _statistics,
}  # fmt: skip
"""How a value of each item type is invented. A type without a maker stays unanswered in rehearsals."""
