"""Who answers how: for each State the language, how far the work is, how thorough it is. Decided by the seed alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from languages import LANGUAGES
from rehearsal.edges import share_out
from rehearsal.phrases import seeded

FATES: dict[str, int] = {
    "submitted": 45, "submitted_late": 6, "resubmitted": 6, "reopened": 2, "reopening_requested": 2, "returned": 5,
    "draft_far": 11, "draft_begun": 8, "not_started": 15,
}  # fmt: skip
"""What becomes of a response, and how many of a hundred. All but the last three have a submission."""

SEALED = frozenset(FATES) - {"draft_far", "draft_begun", "not_started"}

_LANGUAGE_WEIGHTS = {"ar": 14, "zh": 6, "en": 32, "fr": 18, "ru": 12, "es": 18}
_PARTY_WEIGHTS = {"party": 70, "not_party": 14, "unknown": 16}

GUESTS: dict[str, str] = {"ar": "draft_far", "en": "returned", "fr": "draft_begun"}
"""Languages of the focal points whose places are free for those who try the rehearsal out, and where they find their work."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one State does. `thoroughness` (0 to 1) is the chance that an item under "Add details" is answered."""

    state_id: str
    language: str
    second_language: str
    fate: str
    thoroughness: float
    edges: tuple[str, ...] = ()
    has_unreadable: bool = False
    is_guest: bool = False
    is_extended: bool = False
    party_status: str = "unknown"


def make_plans(state_ids: list[str], seed: int) -> list[Plan]:
    """A plan for each State, in the given order."""
    rng = seeded("plans", seed)
    total = len(state_ids)
    languages = _dealt(_LANGUAGE_WEIGHTS, total, rng)
    # However few States there are, the first six write in six languages, so that every guest finds a place.
    first = min(total, len(LANGUAGES))
    languages[:first] = rng.sample(LANGUAGES, first)
    fates = _dealt(FATES, total, rng)
    for place in range(first):
        if fates[place] == "not_started":
            _swap(fates, place, lambda fate: fate != "not_started", first)
    guests = {languages.index(language) for language in GUESTS} if total >= len(LANGUAGES) else set()
    for place in sorted(guests):
        wanted = GUESTS[languages[place]]
        if fates[place] != wanted and not _swap(fates, place, wanted.__eq__, first):
            fates[place] = wanted
    parties = _dealt(_PARTY_WEIGHTS, total, rng)
    sealed = [place for place in range(total) if fates[place] in SEALED and place not in guests]
    drafts = [place for place in range(total) if fates[place].startswith("draft") and place not in guests]
    kinds = share_out(total, rng)
    edges = dict(zip(rng.sample(sealed, min(len(sealed), len(kinds))), kinds, strict=False))
    # At least one State has typed what cannot be read; when every draft is a guest's, it is a guest.
    unreadable = set(
        (drafts or sorted(place for place in guests if fates[place] == "draft_far"))[: max(1, total // 40)]
    )
    plans = []
    for place, state_id in enumerate(state_ids):
        second = rng.choice(("en", "fr")) if rng.random() < 0.12 else ""
        plans.append(Plan(
            state_id=state_id, language=languages[place], second_language="" if second == languages[place] else second,
            fate=fates[place], thoroughness=rng.choice((0.15, 0.4, 0.6, 0.85, 1.0)), edges=edges.get(place, ()),
            has_unreadable=place in unreadable, is_guest=place in guests,
            is_extended=place in guests or (fates[place].startswith("draft") and rng.random() < 0.5),
            party_status=parties[place],
        ))  # fmt: skip
    return plans


def _swap(fates: list[str], place: int, is_wanted: Callable[[str], bool], first: int) -> bool:
    """Exchange the fate of a place with the nearest wanted one behind the first places; whether there was one."""
    other = next((other for other in range(first, len(fates)) if is_wanted(fates[other])), None)
    if other is not None:
        fates[place], fates[other] = fates[other], fates[place]
    return other is not None


def _dealt(weights: dict[str, int], total: int, rng: Random) -> list[str]:
    """`total` entries in proportion to the weights (largest remainders), shuffled."""
    whole = sum(weights.values())
    exact = {name: weight * total / whole for name, weight in weights.items()}
    dealt = [name for name, share in exact.items() for _ in range(int(share))]
    by_remainder = sorted(exact, key=lambda name: exact[name] % 1, reverse=True)
    dealt += by_remainder[: total - len(dealt)]
    rng.shuffle(dealt)
    return dealt
