"""What one State submitted, ready to be set as a document: from the seal alone, and only if the seal is whole."""

from __future__ import annotations

import hashlib

from exports.document import DocumentSource, Seal
from exports.source import BrokenSeal
from instruments.schema import Instrument
from models.cycles import Cycle
from models.database import Database
from models.responses import NationalResponse
from models.states import ReportingState
from models.submissions import Submission
from services.instruments import get_instrument
from services.paragraphs import read_submitted
from services.submissions import latest_submission


def sealed_source(
    submission: Submission, state: ReportingState, cycle: Cycle, instrument: Instrument
) -> DocumentSource:
    """The answers of a submission with its receipt. Raises BrokenSeal when the document differs from its fingerprint."""
    if hashlib.sha256(submission.document.encode("utf-8", "surrogatepass")).hexdigest() != submission.sha256:
        raise BrokenSeal(f"The submission {submission.number} differs from its fingerprint: it was altered.")
    submitted = read_submitted(submission.document, instrument)
    return DocumentSource(
        instrument=instrument, state_id=state.id, state_names=state.names, cycle_title=cycle.title,
        values=submitted.values, asked=submitted.asked, moment=submission.submitted_at,
        seal=Seal(
            number=submission.number, sha256=submission.sha256, submitted_at=submission.submitted_at,
            name=submission.declared_name, title=submission.declared_title, late=submission.late,
        ),
    )  # fmt: skip


def latest_sealed(database: Database, response_id: str) -> DocumentSource | None:
    """The newest submission of a response, also while the response is with its State again; None before the first.

    Raises BrokenSeal as `sealed_source`.
    """
    with database.reading() as session:
        submission = latest_submission(session, response_id)
        if submission is None:
            return None
        response = session.get_one(NationalResponse, response_id)
        state, cycle = session.get_one(ReportingState, response.state_id), session.get_one(Cycle, response.cycle_id)
        instrument = get_instrument(session, cycle.instrument_version_id)
    return sealed_source(submission, state, cycle, instrument)
