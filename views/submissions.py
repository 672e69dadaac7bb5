"""Clearance on pages: check your answers, submit, receipt, print, reopening, and checking a copy of a receipt."""

from __future__ import annotations

import io
import json
from base64 import b64encode
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from sqlmodel import Session

import verify_receipt
from forms.submission import DeclarationForm, ReceiptCheckForm, ReopeningForm
from instruments.routing import Finding, progress
from models.base import utc_now
from models.people import User
from models.responses import VISIBILITIES
from models.submissions import ResponseReturn, Submission
from services.permissions import NotFound, Permission
from services.receipts import key_id, public_key, receipt_file
from services.responses import OpenResponse, open_response
from services.submissions import (
    Declaration,
    UnreadableItems,
    latest_submission,
    list_findings,
    list_returns,
    list_submissions,
    request_reopening,
    set_visibility,
    submit,
)
from views.context import reading, signed_in, tracker, transaction
from views.policy import needs
from views.question_page import frame, language, unreadable_words

submissions = Blueprint("submissions", __name__)


def visibility_labels() -> dict[str, str]:
    """The words for each visibility, from the closed default outwards."""
    return dict(zip(VISIBILITIES, (
        _("The State and the secretariat only"), _("Also the reviewing States"), _("Also all States Parties"), _("Public"),
    ), strict=True))  # fmt: skip


def finding_words(opened: OpenResponse, finding: Finding) -> str:
    """The finding as a sentence."""
    return str(opened.instrument.texts_in(language())(f"finding.{finding.code}"))


@submissions.get("/responses/<response_id>/check")
@needs(Permission.RESPONSE_READ)
def check(response_id: str) -> Any:
    """Everything on one page, what is missing, what looks inconsistent, and the declaration."""
    with reading() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_READ)
        latest = latest_submission(db, response_id)
        returns = list_returns(db, response_id)
        account = db.get_one(User, opened.actor.user_id)
    form = DeclarationForm(data={"name": opened.actor.name, "title": account.title})
    declined = returns[0] if returns and returns[0].kind == "declined" else None
    return check_page(opened, form, latest, declined=declined)


def check_page(
    opened: OpenResponse,
    form: DeclarationForm,
    latest: Submission | None,
    status: int = 200,
    declined: ResponseReturn | None = None,
) -> tuple[str, int]:
    """The page "Check your answers"."""
    found: dict[str, list[str]] = {}
    for finding in list_findings(opened):
        if opened.may_read(finding.question_id):
            found.setdefault(finding.question_id, []).append(finding_words(opened, finding))
    asked = [question for question in opened.questions if opened.is_asked(question)]
    errors = [(f"{name}", message) for name, messages in form.errors.items() for message in messages]
    return render_template(
        "responses/check.html", **frame(opened), form=form, reopening=ReopeningForm(), findings=found, asked_questions=asked,
        missing=[question for question in asked if opened.missing(question)], unreadable=unreadable_words(opened), errors=errors,
        visibility_labels=visibility_labels(), latest=latest, declined=declined, total=opened.visible_progress(),
    ), status  # fmt: skip


@submissions.post("/responses/<response_id>/visibility")
@needs(Permission.RESPONSE_SUBMIT)
def save_visibility(response_id: str) -> Any:
    """Who may see the answers after submission: per question, or one choice used for all."""
    with transaction() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_SUBMIT, lock=True)
        choices = _visibility_choices(opened)
        set_visibility(db, opened, choices)
    flash(_("Who may see the answers is saved."), "success")
    return redirect(url_for("submissions.check", response_id=response_id, _anchor="visibility"), 303)


def _visibility_choices(opened: OpenResponse) -> dict[str, str]:
    for_all = request.form.get("all", "")
    if for_all in VISIBILITIES and request.form.get("use") == "all":
        return dict.fromkeys(opened.instrument.questions, for_all)
    return {
        question_id: chosen
        for question_id in opened.instrument.questions
        if (chosen := request.form.get(f"visibility:{question_id}", "")) in VISIBILITIES
    }


@submissions.post("/responses/<response_id>/submit")
@needs(Permission.RESPONSE_SUBMIT)
def submit_response(response_id: str) -> Any:
    """Seal the response. Twice gives the same receipt."""
    form = DeclarationForm()
    with transaction() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_SUBMIT, lock=True)
        latest = latest_submission(db, response_id)
        if not form.validate_on_submit() and not (opened.response.clearance == "submitted" and latest):
            return check_page(opened, form, latest, 422)
        declaration = Declaration(form.name.data or "", form.title.data or "", form.anyway_reason.data or "")
        try:
            submission = submit(db, opened, declaration, private_key=tracker().secrets.receipt_key)
        except UnreadableItems:
            return check_page(opened, form, latest, 422)
    return redirect(url_for("submissions.receipt", submission_id=submission.id), 303)


def open_submission(db: Session, submission_id: str) -> tuple[Submission, OpenResponse]:
    """The submission for the State's people and officers. Raises NotFound for an absent and for another State's one."""
    submission = db.get(Submission, submission_id)
    if submission is None:
        raise NotFound(submission_id)
    opened = open_response(db, submission.national_response_id, signed_in(), Permission.SUBMISSION_READ, whole=True)
    return submission, opened


@submissions.get("/submissions/<submission_id>")
@needs(Permission.SUBMISSION_READ)
def receipt(submission_id: str) -> Any:
    """The receipt: number, fingerprint, how to check it, what happens next."""
    with reading() as db:
        submission, opened = open_submission(db, submission_id)
        g.response_id = opened.response.id  # the main navigation stays in the response
        all_rounds = list_submissions(db, submission.national_response_id)
    document = json.loads(submission.document)
    counted = progress(opened.instrument.items.values(), frozenset(document["asked"]), document["answers"])
    return render_template(
        "responses/receipt.html", **frame(opened), submission=submission, document=document, rounds=all_rounds,
        size=len(submission.document.encode("utf-8")), reopening=ReopeningForm(),
        counted=counted, details=len(document["answers"]) - counted.answered,
    )  # fmt: skip


@submissions.get("/submissions/<submission_id>/receipt.json")
@needs(Permission.SUBMISSION_READ)
def receipt_json(submission_id: str) -> Response:
    """The file a State keeps: receipt, signature and the sealed document."""
    with reading() as db:
        submission, _opened = open_submission(db, submission_id)
    text = receipt_file(submission.receipt, submission.signature, submission.document)
    return send_file(
        io.BytesIO(text.encode("utf-8")), mimetype="application/json", as_attachment=True,
        download_name=f"{submission.number}-receipt.json",
    )  # fmt: skip


@submissions.get("/submissions/<submission_id>/document.json")
@needs(Permission.SUBMISSION_READ)
def document_json(submission_id: str) -> Response:
    """The sealed document alone; its SHA-256 is the fingerprint on the receipt."""
    with reading() as db:
        submission, _opened = open_submission(db, submission_id)
    return send_file(
        io.BytesIO(submission.document.encode("utf-8")), mimetype="application/json", as_attachment=True,
        download_name=f"{submission.number}.json",
    )  # fmt: skip


@submissions.get("/responses/<response_id>/print")
@needs(Permission.RESPONSE_READ)
def print_response(response_id: str) -> Any:
    """The draft as it stands, for a signature before submission; its answers only (`?answered=1`); or blank (`?blank=1`)."""
    with reading() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_READ)
        latest = latest_submission(db, response_id)
    blank = request.args.get("blank") == "1"
    answered_only = request.args.get("answered") == "1" and not blank
    return render_template(
        "responses/print.html", **frame(opened), blank=blank, answered_only=answered_only, latest=latest, now=utc_now(),
        asked_questions=list(opened.instrument.questions.values()) if blank
        else [question for question in opened.questions if opened.is_asked(question)
              and (not answered_only or any(item.id in opened.asked and item.id in opened.values for item in question.items))],
    )  # fmt: skip


@submissions.post("/responses/<response_id>/reopening")
@needs(Permission.RESPONSE_REOPEN_REQUEST)
def ask_reopening(response_id: str) -> Any:
    """Ask the secretariat to open the submitted response again."""
    form = ReopeningForm()
    with transaction() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_REOPEN_REQUEST, lock=True)
        if not form.validate_on_submit():
            flash(str(form.reason.errors[0]), "error")
        else:
            request_reopening(db, opened, form.reason.data or "")
            flash(_("The secretariat was asked to open the response again."), "success")
    return redirect(url_for("submissions.check", response_id=response_id), 303)


@submissions.route("/receipts/check", methods=["GET", "POST"])
@needs(Permission.OWN_ACCOUNT)
def check_copy() -> Any:
    """Check a copy of a receipt file with this installation's published key."""
    form = ReceiptCheckForm()
    public = public_key(tracker().secrets.receipt_key)
    outcome = None
    if form.validate_on_submit():
        upload = request.files.get("file")
        text = (
            upload.stream.read(5_000_000).decode("utf-8", "surrogateescape")
            if upload and upload.filename
            else form.copy.data or ""
        )
        problems, found = verify_receipt.verify(text, public)
        outcome = {"problems": [problem_words()[code] for code in problems], "receipt": found}
    return render_template(
        "responses/check_receipt.html",
        form=form,
        outcome=outcome,
        public=b64encode(public).decode(),
        key_id=key_id(public),
    )


@submissions.get("/receipts/verify_receipt.py")
@needs(Permission.OWN_ACCOUNT)
def verifier() -> Response:
    """The program that checks a receipt in any folder, without this installation."""
    program = Path(verify_receipt.__file__)
    return send_file(
        io.BytesIO(program.read_bytes()), mimetype="text/x-python", as_attachment=True, download_name=program.name
    )


def problem_words() -> dict[str, str]:
    """What does not hold about a receipt, in words, by the codes of `verify_receipt`."""
    return {
        "not_a_receipt": _("This is not a receipt file of this system."),
        "form": _("The file is not in the form in which it was issued."),
        "key": _("The receipt was signed with another key than this installation's."),
        "signature": _("The signature does not fit the receipt: it was altered."),
        "document": _("The document is not the one that was sealed."),
        "number": _("The document carries another number than the receipt."),
    }
