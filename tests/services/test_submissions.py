"""Clearance: only the focal point, once, immutably; a save racing the seal never slips in after it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from base64 import b64encode
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from instruments.catalog import canonical_json
from instruments.values import Narrative
from models.audit import OutboxMail
from models.base import utc_now
from models.cycles import Cycle
from models.database import Database
from models.people import User
from models.responses import Answer, NationalResponse, Revision
from models.submissions import Submission
from services.answers import list_late_notes
from services.permissions import Actor, NotFound, Permission, PermissionDenied
from services.receipts import public_key, receipt_file
from services.responses import open_response
from services.submissions import (
    Declaration,
    NotReturnable,
    NotSubmittable,
    UnreadableItems,
    decline_reopening,
    latest_submission,
    list_returns,
    reopen,
    request_reopening,
    return_response,
    set_visibility,
    submit,
)
from settings import Settings, load_secrets
from tests.builders import World, actor_for, answer, make_world
from verify_receipt import verify

TEXT = "op13d.narrative"
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def key(tmp_path: Path) -> str:
    return load_secrets(Settings.model_validate({"instance": tmp_path})).receipt_key


def person(database: Database, world: World, who: str, role: str) -> Actor:
    with database.reading() as session:
        user = session.get_one(User, getattr(world, who))
        return actor_for(user, session.get_one(NationalResponse, world.response_id), role)


def officer(database: Database, world: World) -> Actor:
    with database.reading() as session:
        return actor_for(session.get_one(User, world.officer), officer=True)


def seal(database: Database, world: World, key: str, actor: Actor | None = None) -> Submission:
    actor = actor or person(database, world, "focal_point", "focal_point")
    with database.transaction() as session:
        opened = open_response(session, world.response_id, actor, Permission.RESPONSE_SUBMIT, lock=True)
        return submit(session, opened, Declaration("Nadia Rahal", "Director"), private_key=key)


def filled(database: Database) -> World:
    with database.transaction() as session:
        world = make_world(session)
    with database.transaction() as session:
        actor = person_in(session, world)
        answer(session, actor, world.response_id, {
            TEXT: Narrative(text="How it is done", language="en"), "op13d.status_practice": "no_information",
            "op13d.laws": None,
        })  # fmt: skip
    return world


def person_in(session: object, world: World) -> Actor:
    user = session.get_one(User, world.focal_point)  # type: ignore[attr-defined]
    return actor_for(user, session.get_one(NationalResponse, world.response_id))  # type: ignore[attr-defined]


def test_the_sealed_document_holds_three_kinds_of_nothing(database: Database, key: str) -> None:
    world = filled(database)
    document = json.loads(seal(database, world, key).document)
    assert document["answers"]["op13d.status_practice"]["value"] == "no_information"
    assert "op13d.status_law" in document["asked"]
    assert "op13d.status_law" not in document["answers"]
    assert "op13d.laws" not in document["asked"]
    assert canonical_json(document) == canonical_json(json.loads(canonical_json(document)))


@pytest.mark.parametrize(("who", "role"), [("contributor", "contributor"), ("observer", "observer")])
def test_only_the_focal_point_submits(database: Database, key: str, who: str, role: str) -> None:
    world = filled(database)
    with pytest.raises(PermissionDenied):
        seal(database, world, key, person(database, world, who, role))
    with pytest.raises(PermissionDenied):
        seal(database, world, key, officer(database, world))


def test_another_state_does_not_learn_that_the_response_exists(database: Database, key: str) -> None:
    world = filled(database)
    with database.reading() as session:
        user = session.get_one(User, world.other_focal_point)
        other = actor_for(user, session.get_one(NationalResponse, world.other_response_id))
    with pytest.raises(NotFound):
        seal(database, world, key, other)


def test_submitting_twice_gives_the_same_receipt_and_one_mail(database: Database, key: str) -> None:
    world = filled(database)
    first, second = seal(database, world, key), seal(database, world, key)
    assert (first.id, first.receipt, first.signature) == (second.id, second.receipt, second.signature)
    with database.reading() as session:
        assert len(session.exec(select(Submission)).all()) == 1
        mails = [mail.template for mail in session.exec(select(OutboxMail))]
    assert sorted(mails) == ["submitted", "submitted_receipt"]


def test_fifty_submits_at_once_make_one_seal(database: Database, key: str) -> None:
    world = filled(database)
    actor = person(database, world, "focal_point", "focal_point")
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.append(seal(database, world, key, actor).id)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 12
    assert len(set(made)) == 1


def test_unreadable_text_is_the_only_thing_that_stops_a_submission(database: Database, key: str) -> None:
    world = filled(database)
    with database.transaction() as session:
        session.add(
            Answer(
                national_response_id=world.response_id,
                item_id="op4.narrative",
                version=1,
                value=None,
                typed=[["a", "b"]],
            )
        )
    with pytest.raises(UnreadableItems) as found:
        seal(database, world, key)
    assert found.value.item_ids == ["op4.narrative"]


def test_a_save_racing_a_submission_never_slips_in_after_the_seal(database: Database, key: str) -> None:
    world = filled(database)
    actor = person(database, world, "focal_point", "focal_point")
    start = threading.Barrier(5)

    def write(number: int) -> None:
        start.wait()
        for turn in range(6):
            with database.transaction() as session:
                answer(
                    session,
                    actor,
                    world.response_id,
                    {f"op{number}.narrative": Narrative(text=f"turn {turn}", language="en")},
                )

    def close() -> None:
        start.wait()
        seal(database, world, key, actor)

    threads = [threading.Thread(target=write, args=(number,)) for number in (2, 4, 5, 9)] + [
        threading.Thread(target=close)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        submission = latest_submission(session, world.response_id)
        assert submission is not None
        after = session.exec(
            select(Revision).where(Revision.national_response_id == world.response_id, Revision.seq > submission.seq)
        )
        assert after.all() == []
        stored = {row.item_id: row.value for row in session.exec(select(Answer)) if row.value is not None}
    sealed = {item_id: entry["value"] for item_id, entry in json.loads(submission.document)["answers"].items()}
    assert sealed == stored


def test_a_returned_response_keeps_its_seal_and_is_sealed_again(database: Database, key: str) -> None:
    world = filled(database)
    first = seal(database, world, key)
    with database.transaction() as session:
        response = session.get_one(NationalResponse, world.response_id)
        return_response(session, response, officer(database, world) if not database.is_sqlite else actor_for(
            session.get_one(User, world.officer), officer=True), "Say since when", ["op13d"])  # fmt: skip
    with database.transaction() as session:
        actor = person_in(session, world)
        answer(session, actor, world.response_id, {TEXT: Narrative(text="Since 2019", language="en")})
        latest = latest_submission(session, world.response_id)
        assert latest is not None
        assert latest.id == first.id
    second = seal(database, world, key)
    assert (first.round, second.round) == (1, 2)
    public = public_key(key)
    for submission in (first, second):
        assert verify(receipt_file(submission.receipt, submission.signature, submission.document), public)[0] == []


def test_a_reopening_is_asked_by_the_state_and_granted_by_an_officer(database: Database, key: str) -> None:
    world = filled(database)
    with database.transaction() as session, pytest.raises(NotReturnable):
        request_reopening(
            session,
            open_response(session, world.response_id, person_in(session, world), Permission.RESPONSE_REOPEN_REQUEST),
            "x",
        )
    seal(database, world, key)
    with database.transaction() as session:
        opened = open_response(
            session, world.response_id, person_in(session, world), Permission.RESPONSE_REOPEN_REQUEST, lock=True
        )
        request_reopening(session, opened, "A figure was wrong")
    with database.transaction() as session:
        actor = actor_for(session.get_one(User, world.officer), officer=True)
        entry = reopen(session, session.get_one(NationalResponse, world.response_id), actor)
        assert (entry.kind, entry.reason) == ("reopened", "A figure was wrong")
        assert session.get_one(NationalResponse, world.response_id).clearance == "returned"


def test_a_declined_request_leaves_the_seal_and_may_be_asked_again(database: Database, key: str) -> None:
    world = filled(database)
    first = seal(database, world, key)
    for _attempt in range(2):
        with database.transaction() as session:
            opened = open_response(
                session, world.response_id, person_in(session, world), Permission.RESPONSE_REOPEN_REQUEST, lock=True
            )
            request_reopening(session, opened, "A figure was wrong")
        with database.transaction() as session:
            actor = actor_for(session.get_one(User, world.officer), officer=True)
            response = session.get_one(NationalResponse, world.response_id)
            decline_reopening(session, response, actor, "The figure stands in another paragraph")
            with pytest.raises(NotReturnable):
                decline_reopening(session, response, actor, "again")
    with database.reading() as session:
        response = session.get_one(NationalResponse, world.response_id)
        assert (response.clearance, response.reopen_requested_at) == ("submitted", None)
        assert [entry.kind for entry in list_returns(session, response.id)] == ["declined", "declined"]
        latest = latest_submission(session, response.id)
        assert latest is not None
        assert latest.id == first.id
        mails = [mail.template for mail in session.exec(select(OutboxMail))]
        assert mails.count("reopening_declined") == 2


def test_before_the_opening_date_nothing_is_answered_or_sealed(database: Database, key: str) -> None:
    world = filled(database)
    with database.transaction() as session:
        cycle = session.get_one(Cycle, session.get_one(NationalResponse, world.response_id).cycle_id)
        cycle.opens_at = utc_now() + timedelta(days=1)
    with database.transaction() as session:
        actor = person_in(session, world)
        answer(session, actor, world.response_id, {TEXT: Narrative(text="Too early", language="en")})
    with database.reading() as session:
        opened = open_response(session, world.response_id, person_in(session, world), Permission.RESPONSE_READ)
        assert opened.values[TEXT].text == "How it is done"
        assert [note.item_id for note in list_late_notes(session, opened)] == [TEXT]
    with pytest.raises(NotSubmittable):
        seal(database, world, key)


def test_visibility_is_closed_by_default_and_sealed_as_chosen(database: Database, key: str) -> None:
    world = filled(database)
    with database.transaction() as session:
        opened = open_response(
            session, world.response_id, person_in(session, world), Permission.RESPONSE_SUBMIT, lock=True
        )
        set_visibility(session, opened, {"op13d": "public"})
    document = json.loads(seal(database, world, key).document)
    assert document["visibility"]["op13d"] == "public"
    assert set(document["visibility"].values()) == {"public", "secretariat"}


def receipt_text(database: Database, key: str) -> str:
    submission = seal(database, filled(database), key)
    return receipt_file(submission.receipt, submission.signature, submission.document)


def test_every_altered_byte_of_a_receipt_is_found(sqlite_database: Database, key: str) -> None:
    text = receipt_text(sqlite_database, key)
    public = public_key(key)
    raw = text.encode()
    assert verify(text, public)[0] == []
    for position in range(0, len(raw), max(1, len(raw) // 400)):
        altered = raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :]
        assert verify(altered.decode("utf-8", "surrogateescape"), public)[0], f"byte {position}"
    for altered_text in (text[:-1], text + " ", text.replace("{", "{ ", 1), text[1:], ""):
        assert verify(altered_text, public)[0]


def test_a_receipt_signed_with_another_key_is_refused(sqlite_database: Database, key: str, tmp_path: Path) -> None:
    text = receipt_text(sqlite_database, key)
    other = load_secrets(Settings.model_validate({"instance": tmp_path / "other"})).receipt_key
    assert set(verify(text, public_key(other))[0]) >= {"key", "signature"}


def test_the_verifier_is_one_file_that_runs_in_an_empty_folder(
    sqlite_database: Database, key: str, tmp_path: Path
) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    shutil.copy(ROOT / "verify_receipt.py", folder)
    (folder / "r.json").write_text(receipt_text(sqlite_database, key), encoding="utf-8")
    public = b64encode(public_key(key)).decode()
    run = [sys.executable, "-I", "verify_receipt.py", "r.json", public]
    good = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stdout + good.stderr
    assert good.stdout.startswith("Verified: receipt XAA-")
    (folder / "r.json").write_text(receipt_text_altered(folder / "r.json"), encoding="utf-8")
    bad = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert "NOT VERIFIED" in bad.stdout


def receipt_text_altered(path: Path) -> str:
    return path.read_text(encoding="utf-8").replace("How it is done", "How it was done")
