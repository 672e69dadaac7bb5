"""How a question is printed: the frame of a response's pages, the form of a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from flask import current_app, render_template, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from forms.question import QuestionForm, build_question_form, read_posted
from instruments.items import Item
from instruments.items.base import AskContext, paragraph_of
from instruments.items.fields import controls_in_error, messages
from instruments.schema import Question
from instruments.text_cleaning import looks_like_personal_data
from instruments.texts import Text
from languages import colon, isolate_ranges, separator
from services.assignments import is_marked_ready
from services.permissions import NotFound, Permission
from services.responses import OpenResponse, state_name
from views.deadlines import deadline_line, deadline_words
from views.kept import page_token

LONGEST_OFFER = 120
"""Characters of an entry's name in a drop-down."""
CLOSED = Markup('<fieldset class="bare closed" disabled>{}</fieldset>')
"""Around an item that the person reads and does not answer; a disabled control is not posted."""


def language() -> str:
    """The language of this page."""
    return str(get_locale() or "en")[:2]


def ask_context(opened: OpenResponse) -> AskContext:
    """The texts and the statistics years for the forms of this response."""
    return AskContext(opened.instrument.texts_in(language()), opened.years)


def frame(opened: OpenResponse) -> dict[str, Any]:
    """What every page of a response shows around its content."""
    name = state_name(opened.state.names, language())
    return {
        "opened": opened, "texts": opened.instrument.texts_in(language()), "state_name": name,
        "context_line": (name, isolate_ranges(opened.cycle.title)), "colon": colon(language()), "deadline_line": deadline_line(opened.cycle, opened.deadline),
        "deadline_words": deadline_words(opened.deadline, opened.cycle.deadline_zone), "Permission": Permission,
    }  # fmt: skip


def get_question(opened: OpenResponse, question_id: str) -> Question:
    """The question of the response's instrument, if the person may see it. Raises NotFound."""
    question = opened.instrument.questions.get(question_id)
    if question is None or not opened.may_read(question_id):
        raise NotFound(question_id)
    return question


def question_page(
    opened: OpenResponse, question: Question, *, add: str = "", kept: list[list[str]] | None = None,
    refused: list[tuple[str, str]] | None = None, status: int = 200, saved_at: str = "",
    here: Sequence[str] = (), beside: Mapping[str, Markup] | None = None, drafted: Mapping[str, Any] | None = None,
    comments: int = 0,
) -> tuple[str, int]:  # fmt: skip
    """The page of a question as it stands in the database, or with text that was kept when a session expired.

    `here`: the names of colleagues who are at work on it. `beside` stands below the controls of items; `drafted` are values
    that are in the form and not saved yet. `comments` is the number of unresolved threads on it.
    """
    context = ask_context(opened)
    typed = {item_id: answer.typed for item_id, answer in opened.answers.items() if answer.typed is not None}
    bases = {item.id: opened.answers[item.id].version if item.id in opened.answers else 0 for item in question.items}
    beside, drafted = beside or {}, drafted or {}
    shown = [
        item for item in question.items
        if item.id in opened.answers or item.id == add or item.id in beside or item.id in drafted or _takes_sources(opened, item)
    ]  # fmt: skip
    for item_id in drafted:
        typed.pop(item_id, None)
    form = build_question_form(shown, context, {**opened.stored_values, **drafted}, typed)
    if kept:
        posted = MultiDict((name, text) for name, text in kept)
        kept_form, inputs = read_posted(question.items, context, posted, opened.stored_values)
        form.fields.update(kept_form.fields)
        form.items.update(kept_form.items)
        bases |= {entry.item.id: entry.base_version for entry in inputs}
    if add and add in form and hasattr(form[add], "add_row"):
        form[add].added = form[add].add_row()
    offer_register(opened, form, context)
    wrong = [item_id for item_id in form.errors if item_id in opened.asked]
    errors = [entry for item_id in wrong for entry in linked_errors(item_id, form[item_id])]
    field: Any
    for item_id, field in form.fields.items():
        field.file_url = lambda file_id: url_for("responses.evidence", response_id=opened.response.id, file_id=file_id)
        field.warnings = cautions(opened, item_id)
    before, after = opened.neighbours(question)
    editable = opened.is_editable and opened.may_edit_any(question)
    return render_template(
        "responses/question.html", **frame(opened), question=question, form=form, bases=bases, before=before, after=after,
        errors=(refused or []) + errors, wrong=wrong + [item_id for item_id, _message in refused or []], editable=editable, kept=bool(kept), saved_at=saved_at, drafted=drafted, comments=comments,
        is_ready=is_marked_ready(opened, question), here=here, badge=work_badge(opened, question), asked_of=asked_of_words(question), referred=[
            (opened.instrument.questions[opened.instrument.items[item_id].question_id], opened.instrument.items[item_id])
            for item_id in question.refers_to if opened.may_read(opened.instrument.items[item_id].question_id)
        ], progress=opened.question_progress(question),
        token=page_token(opened.actor.user_id, opened.response.id, question.id),
        groups=_groups(opened, question), past=[item for item in question.items if bases[item.id] and item.id in opened.answers],
        html=_items_html(opened, question, form, bases, context, beside), source=opened.instrument.texts_in(opened.instrument.source_language),
    ), status  # fmt: skip


def linked_errors(item_id: str, field: Any) -> list[tuple[str, str]]:
    """(id of the control to go to, sentence) of everything that cannot be read in an item."""
    controls, said = controls_in_error(field), messages(field)
    # A sentence about several controls together leads to the item.
    single = len(controls) == len(said) and not any(hasattr(control, "inner") for control in controls)
    anchors = [control.id for control in controls] if single else [f"item-{item_id}"] * len(said)
    return [(anchor, str(message)) for anchor, message in zip(anchors, said, strict=True)]


def unreadable_words(opened: OpenResponse) -> dict[str, list[tuple[str, str]]]:
    """What stops a submission, by item: (id of the control on the page of its question, sentence)."""
    found = [
        item_id for item_id in opened.unreadable() if opened.may_read(opened.instrument.items[item_id].question_id)
    ]
    typed = {item_id: opened.answers[item_id].typed or [] for item_id in found}
    items = [opened.instrument.items[item_id] for item_id in found]
    form = build_question_form(items, ask_context(opened), opened.stored_values, typed)
    return {item_id: linked_errors(item_id, form[item_id]) for item_id in found}


def cautions(opened: OpenResponse, item_id: str) -> list[str]:
    """What to look at again in the stored answer to an item, as sentences; none stops anything."""
    answer = opened.answers.get(item_id)
    if answer is None or not looks_like_personal_data(answer.value):
        return []
    return [str(opened.instrument.texts_in(language())("finding.personal_data"))]


def work_badge(opened: OpenResponse, question: Question) -> str:
    """The state of work as its badge shows it: `attention` goes before the others."""
    return "attention" if opened.needs_attention(question) else opened.work_state(question)


def asked_of_words(question: Question) -> str:
    """Of whom the paragraph is asked, by party status and kind of reporter, in words."""
    if question.asked_of == "parties":
        return str(_("States Parties to the Protocol; while the party status is not recorded, every reporting State"))
    if question.asked_of == "not_parties":
        return str(
            _(
                "States that are not Parties to the Protocol; while the party status is not recorded, every reporting State"
            )
        )
    if question.reporters:
        kinds = {
            "member_state": _("Member States"), "observer_state": _("observer States"),
            "reio": _("regional economic integration organizations"),
        }  # fmt: skip
        return separator(language()).join(kinds[kind] for kind in question.reporters)
    return str(_("Member States, observer States and regional economic integration organizations"))


def _takes_sources(opened: OpenResponse, item: Item) -> bool:
    """Whether a table that nobody has filled in yet can name the source of another one; rows offer theirs when one is added."""
    return item.register == "source" and bool(opened.register.offered("source", item.id))


def offer_register(opened: OpenResponse, form: QuestionForm, context: AskContext) -> None:
    """Give each control what other paragraphs have entered, and say which paragraphs refer to its own entries."""
    texts = context.texts
    field: Any
    for item_id, field in form.fields.items():
        item = form.items[item_id]
        if not item.register:
            continue
        options = [
            (entry.key, Text(f"{paragraph_of(entry.key, texts)}: {entry.name[:LONGEST_OFFER]}", texts.language))
            for entry in opened.register.offered(item.register, item_id)
        ]
        used_in = {
            key: [paragraph_of(user, texts) for user in users]
            for key, users in opened.register.users.items() if key.partition("/")[0] == item_id
        }  # fmt: skip
        field.offer(options, used_in)


def _items_html(
    opened: OpenResponse, question: Question, form: QuestionForm, bases: dict[str, int], context: AskContext,
    beside: Mapping[str, Markup],
) -> dict[str, Markup]:  # fmt: skip
    """The printed items by id; those that others are to answer are closed. Those that nobody has answered look the same for every
    State and are printed once.
    """
    printed = {
        item.id: print_item(item, form[item.id], bases[item.id], context, item.id in opened.asked, beside.get(item.id, "")) if item.id in form
        else _blank_item(item, context, item.id in opened.asked)
        for item in question.items
    }  # fmt: skip
    closed = [item.id for item in question.items if not opened.reach.may_edit(item.id)]
    return printed | {item_id: CLOSED.format(printed[item_id]) for item_id in closed}


def print_item(
    item: Item, field: Any, base: int, context: AskContext, is_asked: bool, beside: Markup | str = ""
) -> Markup:
    """The HTML of one item with its version and its control."""
    macro = current_app.jinja_env.get_template("items/item.html").module.render_item  # type: ignore[attr-defined]
    return Markup(macro(item, field, base, context.texts, asked=is_asked, beside=beside))  # noqa: S704 - printed by an escaping template


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
