"""Pages of comments, through a browser: what is shown to whom, what comes back with an error, and that no export holds any."""

from __future__ import annotations

import html
import io
import re
import zipfile
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import Session, select

from exports import document_downloads
from exports.formats import FORMATS
from exports.settings import PRESETS, ExportSettings
from exports.source import read_source
from instruments.values import Narrative
from models.comments import Comment, CommentDigest
from models.people import Membership, User
from models.responses import NationalResponse
from services.comments import open_discussion, write_comment
from services.permissions import Permission
from services.responses import open_response
from services.submissions import Declaration, submit
from tests.builders import World, actor_for, answer, make_world, sign_in
from tests.views.crawler import decoded

INTERNAL, SHARED = "CANARY-INTERNAL-8c11", "CANARY-SHARED-2ab0"
NAUGHTY = '<script>alert(1)</script> "quoted" & {{ 7*7 }} \u202eمرحبا 谢谢 \U0001f469\u200d\U0001f469'


@pytest.fixture
def world(app: Flask) -> World:
    """A world without CSRF tokens."""
    app.config["WTF_CSRF_ENABLED"] = False
    with app.extensions["tracker"].database.transaction() as session:
        return make_world(session)


def browser(app: Flask, user_id: int) -> FlaskClient:
    client = app.test_client()
    with app.extensions["tracker"].database.reading() as session:
        user = session.get_one(User, user_id)
    sign_in(client, user)
    return client


def address(world: World, question_id: str = "op13d") -> str:
    return f"/responses/{world.response_id}/questions/{question_id}/comments"


def plant(session: Session, world: World) -> tuple[str, str]:
    """An internal and a shared thread on a question; their ids."""
    response = session.get_one(NationalResponse, world.response_id)
    focal = actor_for(session.get_one(User, world.focal_point), response)
    discussion = open_discussion(session, response.id, focal, Permission.COMMENT_WRITE, lock=True)
    internal = write_comment(session, discussion, "op13d", INTERNAL, key="i")
    shared = write_comment(session, discussion, "op13d", SHARED, audience="shared", key="s")
    return internal.id, shared.id


def text_of(answered: Any) -> str:
    return str(html.unescape(answered.get_data(as_text=True)))


def stored(app: Flask) -> list[Comment]:
    with app.extensions["tracker"].database.reading() as session:
        return list(session.exec(select(Comment)))


def test_a_comment_is_written_shown_escaped_and_counted(app: Flask, world: World) -> None:
    client = browser(app, world.contributor)
    assert "There is no comment on this question." in text_of(client.get(address(world)))
    posted = client.post(address(world), data={"text": NAUGHTY, "tell": [str(world.observer)]})
    assert posted.status_code == 303
    (comment,) = stored(app)
    assert (comment.text, comment.audience, comment.author_id) == (NAUGHTY, "internal", world.contributor)
    page = client.get(address(world)).get_data(as_text=True)
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page and "{{ 7*7 }}" in page
    assert re.search(r'<p class="pre prose" dir="auto">&lt;script', page)
    assert "Told: Observer" in " ".join(re.sub(r"<[^>]+>", "", page).split())
    for path in ("", "/questions/op13d"):
        assert "1 unresolved comment" in text_of(client.get(f"/responses/{world.response_id}{path}"))
    assert "1 unresolved comment" not in text_of(client.get(f"/responses/{world.response_id}/questions/op4"))


def test_the_secretariat_sees_shared_threads_only_and_names_no_team(app: Flask, world: World) -> None:
    with app.extensions["tracker"].database.transaction() as session:
        internal, shared = plant(session, world)
    officer = browser(app, world.officer)
    page = text_of(officer.get(address(world)))
    assert SHARED in page and INTERNAL not in page and internal not in page
    assert "Tell these colleagues" not in page and "Contributor" not in page
    for path in (f"/responses/{world.response_id}/comments", f"/secretariat/responses/{world.response_id}"):
        answered = officer.get(path)
        assert answered.status_code == 200
        assert INTERNAL not in text_of(answered)
    assert "1 unresolved comment" in text_of(officer.get(f"/secretariat/responses/{world.response_id}"))
    assert officer.post(address(world), data={"text": "x", "thread": internal}).status_code == 404
    assert officer.post(f"{address(world)}/{internal}/resolve").status_code == 404
    assert officer.post(address(world), data={"text": "Thank you", "thread": shared}).status_code == 303
    state = text_of(browser(app, world.observer).get(address(world)))
    assert "Thank you" in state and INTERNAL in state and "Shared with the secretariat" in state


def test_only_the_focal_point_is_offered_to_share(app: Flask, world: World) -> None:
    choice = "Shared: the secretariat reads it too"
    assert choice in text_of(browser(app, world.focal_point).get(address(world)))
    contributor = browser(app, world.contributor)
    assert choice not in text_of(contributor.get(address(world)))
    refused = contributor.post(address(world), data={"text": "x", "audience": "shared"})
    assert refused.status_code == 403 and "Ask the focal point" in text_of(refused)
    observer = browser(app, world.observer)
    assert 'name="text"' not in text_of(observer.get(address(world)))
    assert observer.post(address(world), data={"text": "x"}).status_code == 403
    assert stored(app) == []


def test_another_state_and_an_unknown_question_are_not_found(app: Flask, world: World) -> None:
    with app.extensions["tracker"].database.transaction() as session:
        internal, _shared = plant(session, world)
    other = browser(app, world.other_focal_point)
    for path in ("/comments", "/questions/op13d/comments"):
        assert other.get(f"/responses/{world.response_id}{path}").status_code == 404
    for path in ("", f"/{internal}/resolve", f"/{internal}/delete"):
        assert other.post(f"{address(world)}{path}", data={"text": "x"}).status_code == 404
    assert browser(app, world.focal_point).get(address(world, "unknown")).status_code == 404


@pytest.mark.parametrize("thread", ["new", "reply"])
def test_what_cannot_be_stored_comes_back_beside_its_reason(app: Flask, world: World, thread: str) -> None:
    with app.extensions["tracker"].database.transaction() as session:
        internal, _shared = plant(session, world)
    client = browser(app, world.focal_point)
    data = {"text": "a" * 5001, "tell": [str(world.observer)], "thread": internal if thread == "reply" else ""}
    answered = client.post(address(world), data=data)
    page = text_of(answered)
    assert answered.status_code == 422
    assert "a" * 5001 in page and "Use at most 5000 characters. This has 5001." in page
    place = internal if thread == "reply" else "new"
    assert f'href="#text-{place}"' in page and f'id="text-{place}"' in page
    assert re.search(rf'<input[^>]*checked[^>]*name="tell"[^>]*value="{world.observer}"', page)
    empty = client.post(address(world), data={"text": " \u200b\n"[:1], "thread": data["thread"]})
    assert empty.status_code == 422 and "Write a comment first." in text_of(empty)
    assert len(stored(app)) == 2


@pytest.mark.parametrize("bad", [{"thread": "\x00"}, {"thread": "x" * 10_000}])
def test_a_thread_that_is_not_there_is_not_found(app: Flask, world: World, bad: dict[str, str]) -> None:
    answered = browser(app, world.focal_point).post(address(world), data={"text": "x", **bad})
    assert answered.status_code in {303, 404}
    assert answered.status_code == 404 or stored(app)[0].thread_id is None


def test_strange_fields_do_no_harm(app: Flask, world: World) -> None:
    data = {"text": "fine", "tell": ["x", "-1", "٣", str(world.other_focal_point)], "key": "k" * 500}
    assert browser(app, world.focal_point).post(address(world), data=data).status_code == 303
    assert [comment.text for comment in stored(app)] == ["fine"]


def test_resolving_and_deleting(app: Flask, world: World) -> None:
    with app.extensions["tracker"].database.transaction() as session:
        internal, _shared = plant(session, world)
    contributor, focal = browser(app, world.contributor), browser(app, world.focal_point)
    assert contributor.post(f"{address(world)}/{internal}/resolve").status_code == 303
    assert "Resolved by <bdi>Contributor</bdi>, <bdi>" in focal.get(address(world)).get_data(as_text=True)
    assert contributor.post(f"{address(world)}/{internal}/resolve", data={"again": "yes"}).status_code == 303
    assert "Resolved by" not in text_of(focal.get(address(world)))
    assert contributor.post(f"{address(world)}/{internal}/delete").status_code == 404
    assert focal.post(f"{address(world)}/{internal}/delete").status_code == 303
    page = text_of(contributor.get(address(world)))
    assert INTERNAL not in page and "Deleted by its author" in page


def test_too_many_comments_keep_the_text(app: Flask, world: World) -> None:
    client = browser(app, world.focal_point)
    statuses = [client.post(address(world), data={"text": f"number {n}"}).status_code for n in range(60)]
    assert set(statuses) == {303}
    answered = client.post(address(world), data={"text": "one too many"})
    assert answered.status_code == 429 and "one too many" in text_of(answered)


def test_a_comment_posted_after_the_session_ended_is_given_back(app: Flask, world: World) -> None:
    client = browser(app, world.contributor)
    page = client.get(address(world)).get_data(as_text=True)
    token = re.search(r'name="page_token" value="([^"]+)"', page)
    assert token
    lost = app.test_client().post(address(world), data={"text": "nearly lost", "page_token": token[1]})
    assert lost.status_code == 401
    assert address(world) in html.unescape(lost.get_data(as_text=True).replace("%2F", "/"))
    assert "nearly lost" in text_of(client.get(address(world)))
    assert "nearly lost" not in text_of(browser(app, world.focal_point).get(address(world)))
    client.post(address(world), data={"text": "nearly lost"})
    assert "Your text is back" not in text_of(client.get(address(world)))


def test_who_left_keeps_the_name_and_loses_the_page(app: Flask, world: World) -> None:
    client = browser(app, world.contributor)
    client.post(address(world), data={"text": "I was here"})
    with app.extensions["tracker"].database.transaction() as session:
        member = session.exec(select(Membership).where(Membership.user_id == world.contributor)).one()
        session.delete(member)
    assert client.get(address(world)).status_code == 404
    page = text_of(browser(app, world.focal_point).get(address(world)))
    assert "I was here" in page and "<bdi>Contributor</bdi>" in page


def test_the_digest_is_switched_off_in_the_profile(app: Flask, world: World) -> None:
    client = browser(app, world.contributor)
    box = r'<input[^>]*checked[^>]*name="comment_digest"'
    assert re.search(box, client.get("/account").get_data(as_text=True))
    assert client.post("/account", data={"name": "C", "language": "en", "time_zone": "UTC"}).status_code == 303
    assert not re.search(box, client.get("/account").get_data(as_text=True))
    with app.extensions["tracker"].database.reading() as session:
        assert session.get_one(CommentDigest, world.contributor).wanted is False


def seal(app: Flask, world: World) -> str:
    """Submit the response, with comments on it; the id of the submission."""
    context = app.extensions["tracker"]
    with context.database.transaction() as session:
        plant(session, world)
        response = session.get_one(NationalResponse, world.response_id)
        focal = actor_for(session.get_one(User, world.focal_point), response)
        answer(session, focal, response.id, {"op13d.narrative": Narrative(text="THE ANSWER", language="en")})
        opened = open_response(session, response.id, focal, Permission.RESPONSE_SUBMIT, lock=True)
        return submit(session, opened, Declaration("A", "B"), private_key=context.secrets.receipt_key).id


def everything_in(body: bytes) -> str:
    """The body, and what zips in zips hold."""
    found = list(decoded(body))
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            found += [everything_in(archive.read(name)) for name in archive.namelist()]
    return "\n".join(found)


@pytest.mark.parametrize("preset", PRESETS)
def test_no_export_holds_a_comment(app: Flask, world: World, preset: str) -> None:
    seal(app, world)
    asked = ExportSettings(preset=preset, states=("XAA",))
    with read_source(app.extensions["tracker"].database, world.cycle_id, asked) as source:
        for kind, form in FORMATS.items():
            file = io.BytesIO()
            form.write(file, source, "en")
            text = everything_in(file.getvalue())
            assert INTERNAL not in text and SHARED not in text, kind
            assert ("THE ANSWER" in text) == (preset in {"secretariat", "state"}), kind


def test_no_print_document_or_sealed_copy_holds_a_comment(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What goes into a PDF, for the file itself is compressed.
    monkeypatch.setattr(document_downloads, "write_pdf", lambda printed: repr(printed).encode())
    submission = seal(app, world)
    focal, officer = browser(app, world.focal_point), browser(app, world.officer)
    mine = f"/responses/{world.response_id}"
    looked = []
    for client, path in (
        (focal, f"{mine}/print"), (focal, f"{mine}/check"), (focal, f"{mine}/document.docx"), (focal, f"{mine}/document.pdf"), (focal, f"{mine}/workbook.xlsx"), (focal, f"/submissions/{submission}/document.docx"), (officer, f"/submissions/{submission}/document.pdf"), (officer, f"{mine}/passage.docx"), (focal, f"/submissions/{submission}"),
        (officer, f"/submissions/{submission}"), (officer, f"/secretariat/responses/{world.response_id}"),
        (officer, f"/secretariat/cycles/{world.cycle_id}/questions/op13d"),
    ):  # fmt: skip
        answered = client.get(path, buffered=True)
        assert answered.status_code == 200, path
        looked.append(everything_in(answered.data))
    assert all(INTERNAL not in text and SHARED not in text for text in looked)
    assert any("THE ANSWER" in text for text in looked)
