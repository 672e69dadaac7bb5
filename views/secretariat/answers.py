"""Submitted answers: one State's, and those to one paragraph across States. Drafts are progress figures and nothing else."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, request, url_for
from sqlmodel import Session

from models.base import utc_now
from models.cycles import Cycle
from models.queries import list_focal_points, list_offered_notes, list_open_invitations, names_of_users
from models.responses import NationalResponse
from models.states import REGIONS, ReportingState
from models.submissions import Submission
from services.comments import count_unresolved
from services.cycles import find_cycle
from services.evidence import open_evidence
from services.instruments import get_instrument
from services.paragraphs import read_headlines, read_paragraph, read_submitted
from services.permissions import NotFound, Permission
from services.responses import find_response
from services.secretariat import read_board
from services.submissions import list_returns, list_submissions
from views.context import reading, signed_in, tracker
from views.policy import needs
from views.responses import attachment
from views.secretariat.common import (
    cycle_frame,
    instrument_frame,
    language,
    page_number,
    party_names,
    secretariat,
    short_region_names,
)
from views.submissions import visibility_labels


def chosen_submission(submissions: list[Submission]) -> Submission | None:
    """The submission whose round the address names, else the newest; None before the first. Raises NotFound."""
    wanted = request.args.get("round", "")
    if not wanted:
        return submissions[0] if submissions else None
    found = next((entry for entry in submissions if str(entry.round) == wanted), None)
    if found is None:
        raise NotFound(wanted)
    return found


@secretariat.get("/responses/<response_id>", endpoint="response")
@needs(Permission.CYCLE_READ)
def show_response(response_id: str) -> Any:
    """What a State submitted, with its history; before the first submission its progress only."""
    with reading() as db:
        response = find_response(db, response_id, signed_in(), Permission.CYCLE_READ)
        cycle, state = db.get_one(Cycle, response.cycle_id), db.get_one(ReportingState, response.state_id)
        submissions = list_submissions(db, response_id)
        returns = list_returns(db, response_id)
        notes = list_offered_notes(db, response_id)
        comments = count_unresolved(db, response, signed_in())
        standing = read_board(db, cycle, language()).find(response_id)
        focal_point = list_focal_points(db, cycle.id).get(state.id)
        invitations = [entry for entry in list_open_invitations(db, cycle.id) if entry.state_id == state.id]
        people = names_of_users(db, [entry.by for entry in returns] + [entry.submitted_by for entry in submissions])
        questionnaire = instrument_frame(db, cycle)
    shown = chosen_submission(submissions)
    submitted = read_submitted(shown.document, questionnaire["instrument"]) if shown else None
    return render_template(
        "secretariat/response.html", **cycle_frame(cycle, "secretariat.dashboard"), **questionnaire, response=response,
        name=standing.name, state=state, shown=shown, submitted=submitted, submissions=submissions, standing=standing,
        history=_history(submissions, returns), notes=notes, focal_point=focal_point, people=people, invitations=invitations,
        visibilities=visibility_labels(), parties=party_names(), now=utc_now(), comments=comments,
    )  # fmt: skip


def _history(submissions: list[Submission], returns: list[Any]) -> list[tuple[str, Any]]:
    """Submissions and returns, newest first."""
    acts = [("submitted", entry.submitted_at, entry) for entry in submissions]
    acts += [(entry.kind, entry.at, entry) for entry in returns]
    return [(kind, entry) for kind, _at, entry in sorted(acts, key=lambda act: act[1], reverse=True)]


@secretariat.get("/responses/<response_id>/evidence/<file_id>")
@needs(Permission.CYCLE_READ)
def evidence(response_id: str, file_id: str) -> Response:
    """A file that a submission names. A file of the draft alone is the State's own: not found."""
    with reading() as db:
        response = find_response(db, response_id, signed_in(), Permission.CYCLE_READ)
        if file_id not in _submitted_files(db, response):
            raise NotFound(file_id)
        row, file = open_evidence(db, response_id, file_id, tracker().settings.evidence_folder)
    return attachment(row.name, row.media_type, file)


def _submitted_files(db: Session, response: NationalResponse) -> set[str]:
    """Ids of the files that any submission of the response names."""
    cycle = db.get_one(Cycle, response.cycle_id)
    instrument = get_instrument(db, cycle.instrument_version_id)
    return {
        file.row_id
        for submission in list_submissions(db, response.id)
        for files in read_submitted(submission.document, instrument).files.values()
        for file in files
    }


@secretariat.get("/cycles/<cycle_id>/questions")
@needs(Permission.CYCLE_READ)
def questions(cycle_id: str) -> Any:
    """All paragraphs with the distribution of their headline over the submitted responses."""
    with reading() as db:
        cycle = find_cycle(db, cycle_id)
        questionnaire = instrument_frame(db, cycle)
        tallies, submitted = read_headlines(db, cycle, questionnaire["instrument"])
    return render_template(
        "secretariat/questions.html", **cycle_frame(cycle), **questionnaire, tallies=tallies, submitted_count=submitted
    )


@secretariat.get("/cycles/<cycle_id>/questions/<question_id>")
@needs(Permission.CYCLE_READ)
def question(cycle_id: str, question_id: str) -> Any:
    """The answers to one paragraph across States: distributions with their tables, and what States wrote."""
    region = request.args.get("region", "") if request.args.get("region") in REGIONS else ""
    page = page_number()
    with reading() as db:
        cycle = find_cycle(db, cycle_id)
        questionnaire = instrument_frame(db, cycle)
        instrument = questionnaire["instrument"]
        asked = instrument.questions.get(question_id)
        if asked is None:
            raise NotFound(question_id)
        headline = asked.items_by_id.get(asked.headline)
        scale = headline.boxes() if headline else None
        code = request.args.get("code", "") if scale and request.args.get("code") in scale.codes else ""
        board = read_board(db, cycle, language())
        view = read_paragraph(db, board, asked, instrument, region=region, code=code, page=page)
    before, after = instrument.neighbours(question_id)

    def page_url(number: int) -> str:
        kept: dict[str, Any] = {name: value for name, value in (("region", region), ("code", code)) if value}
        return url_for(
            "secretariat.question",
            cycle_id=cycle_id,
            question_id=question_id,
            page=number,
            _anchor="narratives",
            **kept,
        )

    return render_template(
        "secretariat/question.html", **cycle_frame(cycle, "secretariat.questions"), **questionnaire, question=asked,
        view=view, region=region, code=code, scale=scale, before=before, after=after, page_url=page_url,
        source=instrument.texts_in(instrument.source_language), short_regions=short_region_names(),
    )  # fmt: skip
