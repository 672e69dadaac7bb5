"""Edge cases: answers that are legitimate and that break careless software. One State in twenty gives some."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from instruments.items.bodies import Body
from instruments.items.legal_references import LegalReference
from instruments.items.policies import Policy
from instruments.items.statistics import BREAKDOWNS
from instruments.values import Amount, Narrative, Statistics
from rehearsal.values import Scene

LONG_TEXT = 20_000
"""Characters: below what Excel takes in a cell (32,767), above what a page is made for."""

EMOJI = "🎗️ 👩‍👩‍👧‍👦 👮🏽‍♀️ ✅ 𝒜𐍈"
FORMULA = "=cmd|' /C calc'!A0"
ARABIC_MIXED = (
    "تُطبَّق المادة 12 (الفقرة 3 (ب)) من القانون رقم 45/2019 [الصادر في 2019-05-01] على «الجرائم العابرة للحدود» (انظر "
    "المرفق II، الصفحات 17-21)، وبلغت نسبة القضايا المنجزة 87.5% (35 من 40) في عام 2023، مقابل 61% (22 من 36) في عام "
    "2022. ويمكن الاطلاع على النص على الموقع https://www.laws.example/text?id=45&year=2019 (النسخة PDF، 1.2 MB)."
)

Pins = dict[str, Any]


def _partly(*question_ids: str) -> Pins:
    """Answers by which the items on measures are asked."""
    return {f"{question_id}.status_practice": "partially_implemented" for question_id in question_ids}


def _long_text(scene: Scene) -> Pins:
    text = ""
    while len(text) < LONG_TEXT:
        text += scene.author.narrative("op13b", "both", 3000) + "\n\n"
    return {**_partly("op13b"), "op13b.narrative": Narrative(text=text.strip(), language=scene.author.language)}


def _emoji(scene: Scene) -> Pins:
    text = f"{scene.author.narrative('op11', 'both', 300)} {EMOJI}"
    return {**_partly("op11"), "op11.narrative": Narrative(text=text, language=scene.author.language)}


def _arabic_mixed(_scene: Scene) -> Pins:
    return {**_partly("op4"), "op4.narrative": Narrative(text=ARABIC_MIXED, language="ar")}


def _formula(scene: Scene) -> Pins:
    text = f"=1+1 {scene.author.narrative('op9', 'both', 300)}"
    return {
        **_partly("op9"),
        "op9.narrative": Narrative(text=text, language=scene.author.language),
        "op9.laws": (
            LegalReference(row_id=scene.row_id(), title=FORMULA, number="+1+1", articles="@SUM(1,2)", language="other"),
            LegalReference(row_id=scene.row_id(), title='=HYPERLINK("https://www.trap.example","1")', number="-2+3"),
        ),
        "op9.policies": (Policy(row_id=scene.row_id(), title="=1+1", kind="other", lead_body="%0A=1"),),
    }


def _leading_zeros(scene: Scene) -> Pins:
    row = LegalReference(
        row_id=scene.row_id(), title=scene.author.bank["laws"]["criminal"], number="007", articles="0012", language="other"
    )  # fmt: skip
    exponent = LegalReference(row_id=scene.row_id(), title="1E5", number="00-1", articles="3/4")
    return {**_partly("op5"), "op5.laws": (row, exponent)}


def _long_names(scene: Scene) -> Pins:
    bank, language = scene.author.bank, scene.author.language
    law = LegalReference(
        row_id=scene.row_id(), title=bank["long_law"], number=scene.author.law_number(), language=language
    )
    body = Body(row_id=scene.row_id(), name=bank["long_body"], kind="coordination_body", since=scene.author.year - 9)
    return {**_partly("op7"), "op7.laws": (law,), "op7.bodies": (body,)}


def _zero_figures(scene: Scene) -> Pins:
    rows = [
        f"{row}{part}"
        for row in ("prosecuted", "convicted", "acquitted")
        for part in ("", *(f".{part}" for parts in BREAKDOWNS.values() for part in parts))
    ]
    cells = {row: dict.fromkeys(map(str, scene.years), Decimal(0)) for row in rows}
    return {
        "op5.persons": Statistics(cells=cells, source=scene.author.one_of("sources", "op5")),
        "op5.median_days": 0,
        "op17.national_budget": Amount(amount=Decimal(0), currency="USD"),
    }


def _contradictory(scene: Scene) -> Pins:
    """More parts than the whole, a lower limit above the upper one, full implementation of what a detail denies."""
    year = str(scene.years[-1])
    cells = {
        "detected": {year: Decimal(12)}, "detected.female": {year: Decimal(9)}, "detected.male": {year: Decimal(7)},
        "detected.sex_unknown": {year: Decimal(0)},
    }  # fmt: skip
    return {
        "op12.victims": Statistics(cells=cells),
        "op5.penalty_basic_min": Decimal("9.5"), "op5.penalty_basic_max": Decimal("2.5"),
        "op4.status_law": "fully_implemented", "op4.status_practice": "fully_implemented",
        "op4.attempt": "no", "op4.internal": "no", "op4.bill": "drafting",
        "op4.bill_expected_on": date(scene.author.year - 6, 2, 28),
    }  # fmt: skip


EDGES: dict[str, Callable[[Scene], Pins]] = {
    "long_text": _long_text, "emoji": _emoji, "formula": _formula, "leading_zeros": _leading_zeros,
    "long_names": _long_names, "zero_figures": _zero_figures, "contradictory": _contradictory,
    "arabic_mixed": _arabic_mixed,
}  # fmt: skip
"""What each kind of edge case answers, by item id."""

UNREADABLE: dict[str, list[list[str]]] = {
    "op5.median_days": [["op5.median_days", "about 400, see annex"]],
    "op13a.budget": [["op13a.budget-amount", "2.5 million"], ["op13a.budget-currency", "USD"]],
    "op5.penalty_basic_max": [["op5.penalty_basic_max", "10-15"]],
}
"""Typed text that cannot be read as the item's type, as a form posts it: kept in a draft, and what stops its submission."""


def pins_of(kinds: tuple[str, ...], scene: Scene) -> Pins:
    """The answers of several kinds of edge case together; the first kind wins where two answer the same item."""
    pins: Pins = {}
    for kind in kinds:
        pins = EDGES[kind](scene) | pins
    return pins


def share_out(states: int, rng: Random) -> list[tuple[str, ...]]:
    """The kinds for one State in twenty (at least one State): each kind once, then as many again as States remain."""
    count = max(1, -(-states // 20))
    kinds = list(EDGES)
    if count > len(kinds):
        kinds += rng.choices(list(EDGES), k=count - len(kinds))
    return [tuple(kinds[position::count]) for position in range(count)]
