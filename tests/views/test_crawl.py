"""No role is ever shown what is not theirs; every route has a policy; foreign and absent are the same."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask, Response, jsonify
from flask.testing import FlaskClient
from sqlmodel import select

from exports.settings import ExportSettings
from exports.worker import make_now
from imports.kit_import import keep, look
from imports.kit_sheets import read_kit
from instruments.items.base import AskContext
from instruments.values import Narrative
from models.export_jobs import ExportSetting
from models.people import User
from models.responses import Answer, NationalResponse
from models.states import ReportingState
from services.assignments import assign, list_colleagues, set_access
from services.comments import open_discussion, write_comment
from services.export_jobs import ask_export
from services.export_settings import save_setting
from services.kits import make_kit
from services.permissions import Permission
from services.responses import open_response
from services.submissions import Declaration, submit
from tests.builders import World, actor_for, answer, make_cycle, make_response, make_world, sign_in
from tests.exports.builders import seal
from tests.imports.kit_files import filled, kit_file
from tests.views.crawler import Report, Role, addresses, ask, crawl
from views.context import tracker
from views.policy import PUBLIC_ENDPOINTS, needs

OWN, OTHER, SEALED_LATER = "CANARY-OWN-7f3a", "CANARY-OTHER-91bc", "CANARY-AFTER-SEAL-55d2"
OTHER_BEFORE = "CANARY-OTHER-BEFORE-30e1"
"""In what the other State submitted in the round before."""
INTERNAL, SHARED = "CANARY-INTERNAL-COMMENT-3b7e", "CANARY-SHARED-COMMENT-c4d0"


def build(app: Flask) -> tuple[World, dict[str, tuple[object, ...]]]:
    """A world where the State's draft, the other State's draft and a text typed after a seal each hold a canary."""
    context = app.extensions["tracker"]
    with context.database.transaction() as session:
        world = make_world(session)
    with context.database.transaction() as session:
        mine = actor_for(session.get_one(User, world.focal_point), session.get_one(NationalResponse, world.response_id))
        theirs = actor_for(
            session.get_one(User, world.other_focal_point), session.get_one(NationalResponse, world.other_response_id)
        )
        answer(session, mine, world.response_id, {"op13d.narrative": Narrative(text=OWN, language="en")})
        answer(
            session,
            theirs,
            world.other_response_id,
            {"op4.narrative": Narrative(text="sealed and read by the secretariat", language="en")},
        )
        opened = open_response(session, world.other_response_id, theirs, Permission.RESPONSE_SUBMIT, lock=True)
        submission = submit(session, opened, Declaration("A", "B"), private_key=context.secrets.receipt_key)
    with context.database.transaction() as session:
        response = session.get_one(NationalResponse, world.other_response_id)
        response.clearance = "returned"
        session.add(response)
        session.flush()
        theirs = actor_for(session.get_one(User, world.other_focal_point), response)
        answer(
            session,
            theirs,
            world.other_response_id,
            {"op4.narrative": Narrative(text=SEALED_LATER + OTHER, language="en")},
        )
        before = make_cycle(session, title="Round before", opens_at=datetime(2025, 1, 15, tzinfo=UTC))
        for code, words in (("XAA", "said before"), ("XAB", OTHER_BEFORE)):
            earlier = make_response(session, before, session.get_one(ReportingState, code))
            seal(session, earlier, {"op4.narrative": Narrative(text=words, language="en")}, user_id=world.focal_point)
    assignment = make_assignment(app, world)
    comments = plant_comments(app, world)
    jobs, setting = make_exports(app, world)
    kits = make_kits(app, world)
    values: dict[str, tuple[object, ...]] = {
        "response_id": (world.response_id, world.other_response_id, "unknown", "-1", "9223372036854775808", "٣"),
        "question_id": ("op13d", "op4", "unknown"), "submission_id": (submission.id, "unknown"),
        "cycle_id": (world.cycle_id, "unknown"), "file_id": ("unknown",), "note_id": ("unknown",),
        "code": ("ar", "xx"), "state_id": ("XAA", "XAB", "ZZZ"), "token": ("unknown",), "user_id": ("1", "4", "999"),
        "item_id": ("op13d.narrative", "op4.narrative", "unknown"), "membership_id": ("unknown",), "invitation_id": ("unknown",),
        "kind": ("docx", "unknown"), "kit_id": (*kits, "unknown"), "job_id": (*jobs, "unknown"),
        "setting_id": (setting.id, "unknown"), "return_id": (make_return(app, world), "unknown"),
        "assignment_id": (assignment, "unknown"), "comment_id": (*comments, "unknown"),
    }  # fmt: skip
    return world, values


def make_return(app: Flask, world: World) -> str:
    """A workbook that came back to the State, with the canary of its draft."""
    context = app.extensions["tracker"]
    with context.database.transaction() as session:
        mine = actor_for(session.get_one(User, world.focal_point), session.get_one(NationalResponse, world.response_id))
        opened = open_response(session, world.response_id, mine, Permission.RESPONSE_EDIT, lock=True)
        kit = make_kit(session, opened, ("op13d",), language="en", prefilled=True, recipient="Ministry")
        content = filled(
            kit_file(session, opened, kit, context.secrets.queue_key), {"op13d.narrative//text": f"{OWN} again"}
        )
        found = read_kit(io.BytesIO(content), opened.instrument.items)
        asked = AskContext(opened.instrument.texts_in("en"), opened.years)
        looked = look(session, opened, asked, found, secret=context.secrets.queue_key, sha256="")
        return keep(session, opened, looked, content, "kit.xlsx", context.settings.kit_returns_folder).id


def make_kits(app: Flask, world: World) -> list[str]:
    """An offline workbook of each State, given out with its answers."""
    ids = []
    for user_id, response_id in (
        (world.focal_point, world.response_id), (world.other_focal_point, world.other_response_id),
    ):  # fmt: skip
        with app.extensions["tracker"].database.transaction() as session:
            actor = actor_for(session.get_one(User, user_id), session.get_one(NationalResponse, response_id))
            opened = open_response(session, response_id, actor, Permission.RESPONSE_EDIT, lock=True)
            kit = make_kit(
                session, opened, ["op4", "op13d"], language="en", prefilled=True, recipient="Ministry", note=""
            )  # fmt: skip
            ids.append(kit.id)
    return ids


def make_assignment(app: Flask, world: World) -> str:
    """Work for the contributor who reads only what is assigned: not the question with the State's canary."""
    with app.extensions["tracker"].database.transaction() as session:
        response = session.get_one(NationalResponse, world.response_id)
        focal = actor_for(session.get_one(User, world.focal_point), response)
        opened = open_response(session, world.response_id, focal, Permission.WORK_ASSIGN, lock=True)
        to = next(entry for entry in list_colleagues(session, response) if entry.role == "contributor")
        assignment = assign(session, opened, to, {"op4": ()}, note="", due=None)[0]
        set_access(session, opened, to, "own")
        return assignment.id


def plant_comments(app: Flask, world: World) -> list[str]:
    """An internal thread of each State, and one that the first shares with the secretariat; their ids."""
    ids = []
    with app.extensions["tracker"].database.transaction() as session:
        for response_id, person, text, audience in (
            (world.response_id, world.focal_point, INTERNAL, "internal"),
            (world.response_id, world.focal_point, SHARED, "shared"),
            (world.other_response_id, world.other_focal_point, OTHER, "internal"),
        ):
            actor = actor_for(session.get_one(User, person), session.get_one(NationalResponse, response_id))
            discussion = open_discussion(session, response_id, actor, Permission.COMMENT_WRITE, lock=True)
            ids.append(write_comment(session, discussion, "op13d", text, audience=audience, key=text + audience).id)
    return ids


def make_exports(app: Flask, world: World) -> tuple[list[str], ExportSetting]:
    """A workbook that was made, one that waits, and settings that the officer shares."""
    context = app.extensions["tracker"]
    ids = []
    for preset, states in (("secretariat", ()), ("state", ("XAB",))):
        with context.database.transaction() as session:
            officer = actor_for(session.get_one(User, world.officer), officer=True)
            asked = ExportSettings(preset=preset, states=states).as_json()
            ids.append(ask_export(session, officer, world.cycle_id, asked).id)
            setting = save_setting(session, officer, preset, asked, shared=True)
    make_now(context.database, context.settings, ids[0])
    return ids, setting


def roles(app: Flask, world: World) -> list[Role]:
    """Every role, with the canaries that are not theirs."""

    def browser(user_id: int) -> Callable[[], FlaskClient]:
        def make() -> FlaskClient:
            client = app.test_client()
            with app.extensions["tracker"].database.reading() as session:
                user = session.get_one(User, user_id)
            sign_in(client, user)
            return client

        return make

    return [
        Role("visitor", app.test_client, (OWN, OTHER, SEALED_LATER, OTHER_BEFORE, INTERNAL, SHARED)),
        Role("focal point", browser(world.focal_point), (OTHER, SEALED_LATER, OTHER_BEFORE)),
        Role(
            "contributor who reads only op4",
            browser(world.contributor),
            (OWN, OTHER, SEALED_LATER, OTHER_BEFORE, INTERNAL, SHARED),
        ),
        Role("observer", browser(world.observer), (OTHER, SEALED_LATER, OTHER_BEFORE)),
        Role("focal point of another State", browser(world.other_focal_point), (OWN, INTERNAL, SHARED)),
        Role("officer", browser(world.officer), (OWN, OTHER, SEALED_LATER, INTERNAL)),
    ]


@pytest.fixture
def no_limits(app: Flask) -> Flask:
    """The application without rate limits and CSRF tokens, so that a crawl reaches the views themselves."""
    app.config["WTF_CSRF_ENABLED"] = False
    app.config["RATELIMIT_ENABLED"] = False
    return app


def run(app: Flask) -> Report:
    world, values = build(app)
    return crawl(app, roles(app, world), values)


def test_no_role_is_shown_what_is_not_theirs_and_nothing_breaks(no_limits: Flask) -> None:
    report = run(no_limits)
    assert report.leaks == []
    assert report.failures == []
    assert report.requests > 1500


def _zip(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/hidden.xml", text)
    return buffer.getvalue()


def _leaks() -> dict[str, Callable[[str], Any]]:
    """A dozen ways to leak the other State's draft to whoever asks."""

    def text() -> str:
        with tracker().database.reading() as session:
            return "".join(str(value) for value in session.exec(select(Answer.value)))

    def headers(**given: str) -> Response:
        return Response("ok", headers=given)

    return {
        "plain": lambda _id: text(),
        "json": lambda _id: jsonify(text()),
        "error body": lambda _id: (f"refused: {text()}", 403),
        "not found body": lambda _id: (text(), 404),
        "header": lambda _id: headers(**{"X-Debug": text().encode("ascii", "replace").decode()}),
        "etag base64": lambda _id: headers(
            ETag=base64.b64encode((text() + "  ")[: len(text()) // 3 * 3].encode()).decode()
        ),
        "location": lambda _id: Response(
            status=302, headers={"Location": "/?q=" + "CANARY-OTHER-91bc" if OTHER in text() else "/"}
        ),
        "zip member": lambda _id: Response(_zip(text()), mimetype="application/zip"),
        "percent": lambda _id: text().replace("-", "%2D"),
        "base64 body": lambda _id: (
            base64.b64encode(OTHER.encode() + b"x" * (-len(OTHER) % 3)) if OTHER in text() else ""
        ),
        "conflict": lambda _id: (jsonify(theirs=text()), 409),
        "comment": lambda _id: f"<!-- {text()} -->",
    }


@pytest.mark.parametrize("kind", sorted(_leaks()))
def test_the_crawler_finds_a_planted_leak(no_limits: Flask, kind: str) -> None:
    view = _leaks()[kind]
    no_limits.add_url_rule(
        "/planted/<response_id>",
        "planted",
        needs(Permission.OWN_ACCOUNT)(lambda response_id: view(response_id)),
        methods=["GET"],
    )
    world, values = build(no_limits)
    found = crawl_one(no_limits, world, values)
    assert any("/planted/" in leak for leak in found.leaks), kind


def crawl_one(app: Flask, world: World, values: dict[str, tuple[object, ...]]) -> Report:
    """A crawl of the planted route only, as the focal point."""
    report = Report()
    role = roles(app, world)[1]
    client = role.client()
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "planted":
            for address in addresses(rule, values):
                ask(client, role, "GET", address, report)
    return report


def test_a_view_without_a_policy_does_not_run(no_limits: Flask) -> None:
    no_limits.add_url_rule("/bare", "bare", lambda: "shown")
    world, _values = build(no_limits)
    for role in roles(no_limits, world):
        assert role.client().get("/bare").status_code in {302, 404}, role.name


def test_every_route_names_what_it_needs(app: Flask) -> None:
    unlisted = [
        rule.endpoint for rule in app.url_map.iter_rules()
        if rule.endpoint not in PUBLIC_ENDPOINTS and not rule.endpoint.startswith("security.")
        and not hasattr(app.view_functions[rule.endpoint], "permission")
    ]  # fmt: skip
    assert unlisted == []


def _without_tokens(body: bytes, asked_id: str) -> bytes:
    """The page without the id that was asked for and without CSRF tokens, which carry the second they were made in."""
    plain = re.sub(rb'(content|value)="[\w.-]{60,}"', b"", body)
    return plain.replace(asked_id.encode(), b"")


def test_foreign_and_absent_are_the_same(no_limits: Flask) -> None:
    world, _values = build(no_limits)
    client = roles(no_limits, world)[1].client()
    for path in (
        "",
        "/earlier",
        "/own-copy",
        "/questions/op13d",
        "/check",
        "/print",
        "/queue-key",
        "/evidence/unknown",
        "/comments",
        "/questions/op13d/comments",
    ):
        foreign = client.get(f"/responses/{world.other_response_id}{path}")
        absent = client.get(f"/responses/{'x' * 16}{path}")
        assert foreign.status_code == absent.status_code == 404
        assert _without_tokens(foreign.data, world.other_response_id) == _without_tokens(absent.data, "x" * 16), path


def test_every_unsafe_route_wants_a_csrf_token(app: Flask) -> None:
    world, values = build(app)
    client = roles(app, world)[1].client()
    accepted = []
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or set()):
            continue
        for address in addresses(rule, values):
            status = client.post(address, data={"x": "y"}).status_code
            if status not in {400, 401, 403, 404, 405, 415, 419, 429}:
                accepted.append((address, status))
    assert accepted == []


def test_the_content_policy_stands_on_every_answer(no_limits: Flask) -> None:
    world, _values = build(no_limits)
    client = roles(no_limits, world)[1].client()
    for path in ("/", f"/responses/{world.response_id}", "/nothing-here", f"/responses/{world.other_response_id}"):
        answered = client.get(path)
        policy = answered.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert answered.headers["X-Content-Type-Options"] == "nosniff"
