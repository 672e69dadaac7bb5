"""How a question is printed: the frame of a response's pages, the form of a question, two texts side by side."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import current_app, render_template, url_for
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from forms.question import QuestionForm, build_question_form, read_posted
from instruments.items import Item
from instruments.items.base import AskContext, Line
from instruments.schema import Question
from instruments.text_cleaning import looks_like_personal_data
from models.base import utc_now
from services.answers import SaveResult
from services.permissions import NotFound, Permission
from services.responses import OpenResponse, state_name
from views.kept import page_token


def language() -> str:
    """The language of this page."""
    return str(get_locale() or "en")[:2]


def ask_context(opened: OpenResponse) -> AskContext:
    """The texts and the statistics years for the forms of this response."""
    return AskContext(opened.instrument.texts_in(language()), opened.years)


def frame(opened: OpenResponse) -> dict[str, Any]:
    """What every page of a response shows around its content."""
    days = (opened.deadline.date() - utc_now().date()).days
    name = state_name(opened.state.names, language())
    if opened.cycle.closed_at:
        line = _("The round of reporting is closed")
    elif opened.is_late:
        line = _("The deadline has passed; work goes on and is marked late")
    else:
        line = ngettext("%(num)d day left", "%(num)d days left", days) if days else _("The deadline is today")
    return {
        "opened": opened, "texts": opened.instrument.texts_in(language()), "state_name": name, "days_left": days,
        "context_line": (name, opened.cycle.title), "deadline_line": line, "Permission": Permission,
    }  # fmt: skip


def get_question(opened: OpenResponse, question_id: str) -> Question:
    """The question of the response's instrument. Raises NotFound."""
    question = opened.instrument.questions.get(question_id)
    if question is None:
        raise NotFound(question_id)
    return question


def question_page(
    opened: OpenResponse, question: Question, *, add: str = "", kept: list[list[str]] | None = None,
    refused: list[tuple[str, str]] | None = None, status: int = 200, saved_at: str = "",
) -> tuple[str, int]:  # fmt: skip
    """The page of a question as it stands in the database, or with text that was kept when a session expired."""
    context = ask_context(opened)
    typed = {item_id: answer.typed for item_id, answer in opened.answers.items() if answer.typed is not None}
    bases = {item.id: opened.answers[item.id].version if item.id in opened.answers else 0 for item in question.items}
    form = build_question_form(
        [item for item in question.items if item.id in opened.answers or item.id == add], context, opened.values, typed
    )
    if kept:
        posted = MultiDict((name, text) for name, text in kept)
        kept_form, inputs = read_posted(question.items, context, posted, opened.values)
        form.fields.update(kept_form.fields)
        bases |= {entry.item.id: entry.base_version for entry in inputs}
    if add and add in form and hasattr(form[add], "add_row"):
        form[add].added = form[add].add_row()
    errors = [
        (item_id, str(message))
        for item_id, found in form.errors.items()
        if item_id in opened.asked
        for message in found
    ]
    field: Any
    for item_id, field in form.fields.items():
        field.file_url = lambda file_id: url_for("responses.evidence", response_id=opened.response.id, file_id=file_id)
        if item_id in opened.answers and looks_like_personal_data(opened.answers[item_id].value):
            field.warnings = [_(
                "This text may hold personal data of a person (a name with an age, a date of birth, a number of a document). "
                "Leave out whatever could identify a victim."
            )]  # fmt: skip
    before, after = opened.instrument.neighbours(question.id)
    editable = opened.is_editable and opened.may(Permission.RESPONSE_EDIT)
    return render_template(
        "responses/question.html", **frame(opened), question=question, form=form, bases=bases, before=before, after=after,
        errors=(refused or []) + errors, editable=editable, kept=bool(kept), saved_at=saved_at,
        work_state=opened.work_state(question), progress=opened.question_progress(question),
        token=page_token(opened.actor.user_id, opened.response.id, question.id),
        groups=_groups(opened, question), html=_items_html(opened, question, form, bases, context), source=opened.instrument.texts_in(opened.instrument.source_language),
    ), status  # fmt: skip


def _items_html(
    opened: OpenResponse, question: Question, form: QuestionForm, bases: dict[str, int], context: AskContext
) -> dict[str, Markup]:
    """The printed items by id. Those that nobody has answered look the same for every State and are printed once."""
    return {
        item.id: print_item(item, form[item.id], bases[item.id], context, item.id in opened.asked) if item.id in form
        else _blank_item(item, context, item.id in opened.asked)
        for item in question.items
    }  # fmt: skip


def print_item(item: Item, field: Any, base: int, context: AskContext, is_asked: bool) -> Markup:
    """The HTML of one item with its version and its control."""
    macro = current_app.jinja_env.get_template("items/item.html").module.render_item  # type: ignore[attr-defined]
    return Markup(macro(item, field, base, context.texts, asked=is_asked))  # noqa: S704 - printed by an escaping template


@lru_cache(maxsize=8192)
def _blank_item(item: Item, context: AskContext, is_asked: bool) -> Markup:
    return print_item(item, build_question_form([item], context, {})[item.id], 0, context, is_asked)


def _groups(opened: OpenResponse, question: Question) -> list[tuple[str, list[Any], list[Any]]]:
    """(group, items open at first, items under "Add details"), in the instrument's order, groups with items only."""
    groups = []
    for group in opened.instrument.groups:
        items = [item for item in question.items if item.group == group]
        if items:
            groups.append((group, [item for item in items if not item.detail], [item for item in items if item.detail]))
    return groups


def conflict_page(opened: OpenResponse, question: Question, result: SaveResult) -> tuple[str, int]:
    """The page that shows both texts of every item somebody else changed meanwhile, with status 409."""
    texts = opened.instrument.texts_in(language())
    shown = []
    for conflict in result.conflicts:
        item = opened.instrument.items[conflict.item_id]

        def lines(value: Any, typed: Any, item: Any = item) -> list[Any]:
            if typed:
                return [Line(text, language="und") for _name, text in typed if text]
            return item.lines(item.load(value), texts) if value is not None else []

        shown.append({
            "item": item, "conflict": conflict, "mine": lines(conflict.mine, conflict.my_typed),
            "theirs": lines(conflict.theirs, conflict.their_typed),
        })  # fmt: skip
    return render_template(
        "responses/conflict.html", **frame(opened), question=question, shown=shown, saved=list(result.versions),
        token=page_token(opened.actor.user_id, opened.response.id, question.id),
    ), 409  # fmt: skip
