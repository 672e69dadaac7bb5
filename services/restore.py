"""Checking a backup as far as it can be checked, on an unpacked copy: files, structure, histories, receipts, evidence."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlmodel import Session, col, select

from models import schema
from models.database import Database
from models.responses import EvidenceFile, NationalResponse, Revision
from models.submissions import Submission
from services.audit import record
from services.backup import EVIDENCE, Opened
from services.chain import verify_chain
from services.installation import new_epoch
from services.receipts import key_id, public_key
from settings import Secrets


def check_content(opened: Opened, secrets: Secrets) -> list[str]:
    """What is wrong with the content of an unpacked backup, as sentences; empty when all holds.

    A copy made by an earlier version is migrated on the way, so that a restore of it is known to work.
    """
    if opened.problems:
        return opened.problems
    public = public_key(secrets.receipt_key)
    problems = []
    if opened.manifest["receipt_key"] != b64encode(public).decode():
        problems.append(
            "the backup was made with other secrets than those in this instance folder: nobody could sign in. "
            "Remedy: put the kept copy of its secrets.json into the instance folder first"
        )
    problems += [
        f"evidence file {name} was already missing when the backup was made"
        for name in opened.manifest["missing_evidence"]
    ]
    database = Database(f"sqlite:///{opened.database}", threads=1)
    try:
        schema.upgrade(database)
        with database.reading() as session:
            problems += _history_problems(session)
            problems += _submission_problems(session, public)
            problems += _evidence_problems(session, opened)
    except schema.UnknownSchema as error:
        problems.append(str(error))
    finally:
        database.close()
    return problems


def mark_restored(opened: Opened) -> str:
    """Give the unpacked copy a new epoch and a line in its record; the epoch. Without it, old pages would overwrite."""
    database = Database(f"sqlite:///{opened.database}", threads=1)
    try:
        with database.transaction() as session:
            record(session, "restored", made_at=opened.manifest["made_at"])
            return new_epoch(session)
    finally:
        database.close()


def _history_problems(session: Session) -> list[str]:
    problems = []
    for response in session.exec(select(NationalResponse).order_by(col(NationalResponse.id))):
        problems += [f"response {response.id}: {problem}" for problem in verify_chain(session, response.id)]
        newest = session.exec(
            select(Revision)
            .where(Revision.national_response_id == response.id)
            .order_by(col(Revision.seq).desc())
            .limit(1)
        ).first()
        if (newest.seq, newest.hash) != (response.seq, response.head_hash) if newest else response.seq:
            problems.append(f"response {response.id}: its history does not end where the response says")
    return problems


def _submission_problems(session: Session, public: bytes) -> list[str]:
    problems = []
    key = Ed25519PublicKey.from_public_bytes(public)
    for submission in session.exec(select(Submission).order_by(col(Submission.number))):
        if hashlib.sha256(submission.document.encode()).hexdigest() != submission.sha256:
            problems.append(f"submission {submission.number}: the sealed document was altered")
        if submission.key_id != key_id(public):
            problems.append(
                f"submission {submission.number}: signed with the key {submission.key_id}, not with this installation's"
            )
            continue
        try:
            key.verify(b64decode(submission.signature), submission.receipt.encode())
        except (InvalidSignature, ValueError):
            problems.append(f"submission {submission.number}: the receipt was altered")
    return problems


def _evidence_problems(session: Session, opened: Opened) -> list[str]:
    stored = {entry["name"]: entry["sha256"] for entry in opened.manifest["files"]}
    return [
        f"evidence file {row.id} is not the one that was added"
        for row in session.exec(select(EvidenceFile))
        if stored.get(f"{EVIDENCE}/{row.id}", row.sha256) != row.sha256
    ]
