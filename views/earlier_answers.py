"""What a State answered in an earlier round: beside a field, and the choices that a person makes about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from markupsafe import Markup
from sqlmodel import Session

from instruments.schema import Question
from languages import colon, format_date
from services.earlier_answers import AlteredSubmission, EarlierAnswers, carried, find_earlier, is_blank, is_same
from services.permissions import Permission
from services.responses import OpenResponse
from views.question_page import language


@dataclass(frozen=True)
class EarlierBeside:
    """The earlier answers of one question, printed by item id; only those that differ from what stands in this round."""

    opened: OpenResponse
    answers: Mapping[str, Any] = field(default_factory=dict)
    beside: Mapping[str, Markup] = field(default_factory=dict)

    def drafted(self, item_id: str) -> dict[str, Any]:
        """The earlier answer to an item, to be put into its field; nothing without one or without the right to edit."""
        if item_id not in self.answers or not may_take(self.opened) or not self.opened.may_edit(item_id):
            return {}
        return carried(self.opened, {item_id: self.answers[item_id]})


def may_take(opened: OpenResponse) -> bool:
    """Whether this person may make earlier answers answers of this round."""
    return opened.is_editable and opened.may(Permission.RESPONSE_EDIT)


def earlier_beside(db: Session, opened: OpenResponse, question: Question) -> EarlierBeside:
    """What stands beside the fields of a question. An earlier submission that was altered is not shown."""
    try:
        earlier = find_earlier(db, opened, question)
    except AlteredSubmission:
        earlier = None
    if earlier is None:
        return EarlierBeside(opened)
    shown = {item_id: value for item_id, value in earlier.answers.items() if not is_same(opened, item_id, value)}
    return EarlierBeside(opened, shown, {item_id: _printed(opened, earlier, item_id) for item_id in shown})


def _printed(opened: OpenResponse, earlier: EarlierAnswers, item_id: str) -> Markup:
    macro = current_app.jinja_env.get_template("earlier/_parts.html").module.beside  # type: ignore[attr-defined]
    printed: Markup = macro(
        opened.instrument.items[item_id], earlier, opened.instrument.texts_in(language()), opened.response.id,
        day=format_date(earlier.submitted_at.date(), language()), colon=colon(language()),
        blank=is_blank(opened, item_id), editable=may_take(opened) and opened.may_edit(item_id),
    )  # fmt: skip
    return printed
