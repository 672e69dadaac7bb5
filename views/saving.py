"""Saving what was posted for a question, files included; nothing that was typed is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlmodel import Session
from werkzeug.datastructures import MultiDict

from forms.question import ItemInput, QuestionForm, read_posted
from instruments.schema import Question
from services.answers import Edit, SaveResult, save_answers
from services.assignments import note_presence
from services.evidence import RefusedFile, store_evidence
from services.permissions import NotFound, Permission
from services.responses import OpenResponse, open_response
from views.context import signed_in, tracker
from views.question_page import ask_context


@dataclass(frozen=True, slots=True)
class Saved:
    """What a post did, for the page or the script to show."""

    opened: OpenResponse
    question: Question
    result: SaveResult
    form: QuestionForm
    inputs: list[ItemInput]
    refused: list[tuple[str, str]]


def save_posted(db: Session, response_id: str, question_id: str, key: str, posted: MultiDict[str, str]) -> Saved:
    """Save what was posted for a question, in the caller's transaction, files included."""
    opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_EDIT, lock=True)
    asked = opened.instrument.questions.get(question_id)
    if asked is None:
        raise NotFound(question_id)
    # What the person may no longer see is read too: `save_answers` keeps it for its author.
    form, inputs = read_posted(asked.items, ask_context(opened), posted, opened.stored_values)
    refused: list[tuple[str, str]] = []
    edits = []
    for entry in inputs:
        value = entry.value
        for upload in request.files.getlist(f"{entry.item.id}-upload"):
            if upload.filename and opened.is_editable and not opened.may_edit(entry.item.id):
                refused.append(
                    (
                        entry.item.id,
                        _("%(name)s was not added: this part is not assigned to you.", name=upload.filename),
                    )
                )
            elif upload.filename and opened.is_editable:
                value, problem = _take_file(db, opened, entry, value, upload)
                refused += problem
        edits.append(
            Edit(entry.item.id, entry.base_version, entry.item.dump(value), entry.typed, entry.posted, entry.own_text)
        )
    result = save_answers(db, opened, edits, idempotency_key=key)
    if opened.is_editable and opened.may_edit_any(asked):
        note_presence(db, opened, question_id)
    return Saved(opened, asked, result, form, inputs, refused)


def _take_file(
    db: Session, opened: OpenResponse, entry: ItemInput, value: Any, upload: Any
) -> tuple[Any, list[tuple[str, str]]]:
    settings = tracker().settings
    content = upload.stream.read(settings.evidence_limit_mb * 1024 * 1024 + 1)
    try:
        reference = store_evidence(
            db, opened, entry.item.id, upload.filename, content, folder=settings.evidence_folder,
            limit_mb=settings.evidence_limit_mb, most=settings.evidence_files_per_item,
        )  # fmt: skip
    except RefusedFile as error:
        return value, [(entry.item.id, _file_refusal(error))]
    return (*(value or ()), reference), []


def _file_refusal(error: RefusedFile) -> str:
    reasons = {
        "empty": _("%(name)s was not added: the file is empty.", name=error.name),
        "too_large": _("%(name)s was not added: it is larger than %(limit)d MB. Send a smaller file, or name its web address in the answer.",
                       name=error.name, limit=tracker().settings.evidence_limit_mb),
        "too_many": _("%(name)s was not added: this answer has as many files as it can hold. Remove one first.", name=error.name),
        "type": _("%(name)s was not added: PDF, Word, Excel, OpenDocument text, PNG, JPEG and plain text are accepted.", name=error.name),
        "mismatch": _("%(name)s was not added: its content is not what its name says. Save it as PDF and add it again.", name=error.name),
        "unsafe": _("%(name)s was not added: it holds macros, is encrypted or unpacks to far more than its size. Save it as PDF and add it again.",
                    name=error.name),
    }  # fmt: skip
    return str(reasons[error.code])
