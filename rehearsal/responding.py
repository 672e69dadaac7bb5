"""One State's work on its response, through the same services as a person's: save, mark ready, submit, answer a return."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from sqlmodel import Session, col, select

from instruments.items import Item
from instruments.values import EvidenceReference, Narrative
from models.base import utc_now
from models.cycles import Cycle
from models.people import Membership
from models.responses import VISIBILITIES, NationalResponse
from models.states import ReportingState
from rehearsal.edges import UNREADABLE, pins_of
from rehearsal.people import invite_team, site_of
from rehearsal.phrases import Author
from rehearsal.plans import SEALED, Plan
from rehearsal.values import Scene, make_answers
from services.answers import Edit, mark_ready, save_answers
from services.evidence import store_evidence
from services.instruments import get_instrument
from services.permissions import Actor, Permission
from services.responses import OpenResponse, open_response
from services.submissions import (
    Declaration,
    list_findings,
    reopen,
    request_reopening,
    return_response,
    set_visibility,
    submit,
)
from settings import Settings

_EVIDENCE_CHANCE = 0.04


class Respondent:
    """The team of a State, doing what its plan says. All in the transaction of `session`."""

    def __init__(
        self,
        session: Session,
        settings: Settings,
        cycle: Cycle,
        state: ReportingState,
        response: NationalResponse,
        plan: Plan,
        rng: Random,
    ) -> None:
        self.session, self.settings, self.cycle, self.state = session, settings, cycle, state
        self.response, self.plan, self.rng = response, plan, rng
        instrument = get_instrument(session, cycle.instrument_version_id)
        self.author = Author(plan.language, rng, instrument, cycle.opens_at.year)
        self.team: list[Actor] = []
        self._opened: OpenResponse | None = None
        self._scene: Scene | None = None

    @property
    def opened(self) -> OpenResponse:
        """The response as the team has opened it."""
        assert self._opened is not None  # fill_in comes first
        return self._opened

    @property
    def scene(self) -> Scene:
        """What the values are made from."""
        assert self._scene is not None  # fill_in comes first
        return self._scene

    def invite_only(self) -> None:
        """A focal point was named in two States of three; nothing has been written yet."""
        if self.rng.random() < 0.66:
            invite_team(self.session, self.cycle, self.state, self.author, 1)

    def fill_in(self) -> None:
        """The team saves what the plan says, in two sittings of a contributor and the focal point."""
        self.team = invite_team(self.session, self.cycle, self.state, self.author, self.rng.randint(1, 3))
        self._open()
        second = self.plan.second_language
        self._scene = scene = Scene(
            instrument=self.opened.instrument, author=self.author, facts=self.opened.facts, years=self.opened.years,
            second=replace(self.author, language=second) if second else None, site=site_of(self.state),
            store=self._store, wanted=self._wanted(),
        )  # fmt: skip
        scene.pins = pins_of(self.plan.edges, scene)
        values = list(make_answers(scene).items())
        half = self.rng.randint(0, len(values))
        self._save(dict(values[:half]), self.team[1 if len(self.team) > 1 else 0])
        self._save(dict(values[half:]), self.team[0])
        if self.plan.has_unreadable:
            self._type_unreadable()
        if self.plan.fate != "draft_begun":
            self._mark_ready()
        if self.plan.fate in SEALED and not self.plan.edges and self.rng.random() < 0.15:
            self._change_mind()

    def clear(self, officer: Actor, key: str) -> None:
        """Submit, and what follows: a return, a request to reopen, a second submission."""
        fate, questions = self.plan.fate, self._questions_to_return()
        self._choose_visibility()
        self._submit(key)
        if fate in {"returned", "resubmitted"}:
            reason = self.author.one_of("returns", "op5")
            return_response(self.session, self.response, officer, reason, questions)
        if fate in {"reopening_requested", "reopened"}:
            request_reopening(self.session, self.opened, self.author.one_of("reopenings", "op4"))
        if fate == "reopened":
            reopen(self.session, self.response, officer)
        if fate in {"resubmitted", "reopened"}:
            self._open()
            self._rewrite(questions or ["op4"])
            self._submit(key)
        if fate == "submitted" and self.rng.random() < 0.05:
            self._write_too_late()

    def step_down(self) -> None:
        """The focal point leaves the place to a guest; what was written stays with the State."""
        membership = self.session.exec(select(Membership).where(
            Membership.user_id == self.team[0].user_id, Membership.state_id == self.state.id,
            Membership.cycle_id == self.cycle.id, col(Membership.ended_at).is_(None),
        )).one()  # fmt: skip
        membership.ended_at = utc_now()
        self.session.add(membership)

    def _open(self) -> None:
        self._opened = open_response(self.session, self.response.id, self.team[0], Permission.RESPONSE_EDIT, lock=True)

    def _wanted(self) -> Callable[[Item], bool]:
        plan, rng = self.plan, self.rng
        names = list(self.opened.instrument.questions)
        if plan.fate == "draft_begun":
            questions = set(rng.sample(names, rng.randint(2, 7)))
        elif plan.fate == "draft_far":
            questions = set(rng.sample(names, rng.randint(len(names) * 6 // 10, len(names) - 2)))
        else:
            questions = set(names)

        def wanted(item: Item) -> bool:
            if item.question_id not in questions:
                return False
            if item.group == "evidence":
                return rng.random() < _EVIDENCE_CHANCE or (bool(plan.edges) and item.id == "op13d.evidence")
            return rng.random() < (plan.thoroughness if item.detail else 0.9 + plan.thoroughness / 10)

        return wanted

    def _store(self, item_id: str, name: str, content: bytes) -> EvidenceReference:
        return store_evidence(
            self.session, self.opened, item_id, name, content, folder=self.settings.evidence_folder,
            limit_mb=self.settings.evidence_limit_mb, most=self.settings.evidence_files_per_item,
        )  # fmt: skip

    def _save(self, values: dict[str, Any], actor: Actor) -> None:
        items, answers = self.opened.instrument.items, self.opened.answers
        self.opened.actor = actor
        edits = [
            Edit(item_id, answers[item_id].version if item_id in answers else 0, items[item_id].dump(value))
            for item_id, value in values.items()
        ]
        save_answers(self.session, self.opened, edits, idempotency_key=secrets.token_hex(16))
        self.opened.actor = self.team[0]

    def _type_unreadable(self) -> None:
        answers = self.opened.answers
        edits = [
            Edit(item_id, answers[item_id].version if item_id in answers else 0, None, typed, typed)
            for item_id, typed in UNREADABLE.items()
        ]
        save_answers(self.session, self.opened, edits, idempotency_key=secrets.token_hex(16))

    def _mark_ready(self) -> None:
        for question in self.opened.instrument.questions.values():
            if self.opened.work_state(question) == "in_progress" and self.rng.random() < 0.85:
                mark_ready(self.session, self.opened, question.id, True)

    def _change_mind(self) -> None:
        """'Partially' becomes 'fully': difficulties and assistance are then not asked, and what was answered is kept."""
        for question in self.opened.instrument.questions.values():
            if self.scene.values.get(question.headline) == "partially_implemented":
                self.scene.values[question.headline] = "fully_implemented"
                self._save({question.headline: "fully_implemented"}, self.team[0])
                return

    def _questions_to_return(self) -> list[str]:
        """One to three questions with a text; for one return in four, the whole response."""
        if self.plan.fate not in {"returned", "resubmitted"} or (not self.plan.is_guest and self.rng.random() < 0.25):
            return []
        answered = [name for name in self.opened.instrument.questions if f"{name}.narrative" in self.scene.values]
        picked = set(self.rng.sample(answered, min(len(answered), self.rng.randint(1, 3))))
        return [name for name in answered if name in picked]

    def _choose_visibility(self) -> None:
        questions = list(self.opened.instrument.questions)
        kind = self.rng.random()
        if kind < 0.5:
            return  # closed, as it is when nobody chooses
        if kind < 0.75:
            chosen = dict.fromkeys(questions, self.rng.choice(VISIBILITIES[1:]))
        else:
            chosen = {name: self.rng.choice(VISIBILITIES) for name in questions}
        set_visibility(self.session, self.opened, chosen)

    def _submit(self, key: str) -> None:
        bank, focal_point = self.author.bank, self.team[0]
        name = focal_point.name
        if "long_names" in self.plan.edges:
            name = " ".join([*bank["given"], *bank["family"]])[:200].strip()
        reason = self.author.one_of("anyways", "op5") if list_findings(self.opened) else ""
        submit(
            self.session, self.opened, Declaration(name, self.rng.choice(bank["titles"]), reason), private_key=key
        )  # fmt: skip

    def _rewrite(self, questions: list[str]) -> None:
        rewritten = {
            f"{name}.narrative": Narrative(
                text=self.author.narrative(name, self.scene.stance(name), self.rng.randint(400, 900)),
                language=self.author.language,
            )
            for name in questions
        }
        self._save(rewritten, self.team[0])
        for name in questions:
            mark_ready(self.session, self.opened, name, True)

    def _write_too_late(self) -> None:
        """A sentence that arrives after the submission: kept as a note, not as an answer."""
        text = self.author.one_of("practices", "op13")
        value = Narrative(text=text, language=self.author.language)
        item = self.opened.instrument.items["op4.narrative"]
        posted = [["op4.narrative-text", text], ["op4.narrative-language", self.author.language]]
        save_answers(
            self.session, self.opened, [Edit(item.id, 0, item.dump(value), None, posted)],
            idempotency_key=secrets.token_hex(16),
        )  # fmt: skip
