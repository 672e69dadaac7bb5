"""Settings of an export saved under a name: one's own, shared, used in any round, deleted."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from models.export_jobs import ExportJob, ExportSetting
from models.people import User
from tests.builders import make_cycle, make_user, sign_in
from tests.exports.builders import make_small_world
from tests.exports.test_downloads import ask


@pytest.fixture
def app(app: Flask) -> Flask:
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.fixture
def cycle_id(app: Flask) -> str:
    with app.extensions["tracker"].database.transaction() as session:
        return make_small_world(session, 2).id


def browser(app: Flask, email: str, name: str) -> FlaskClient:
    """The browser of a new officer."""
    with app.extensions["tracker"].database.transaction() as session:
        user: User = make_user(session, email, officer=True, name=name)
    client = app.test_client()
    sign_in(client, user)
    return client


@pytest.fixture
def officer(app: Flask, cycle_id: str) -> FlaskClient:
    return browser(app, "officer@secretariat.example", "First Officer")


def settings(app: Flask) -> list[ExportSetting]:
    with app.extensions["tracker"].database.reading() as session:
        return list(session.exec(select(ExportSetting).order_by(ExportSetting.name)))


def change(client: FlaskClient, cycle_id: str, setting: ExportSetting, act: str) -> int:
    return client.post(f"/exports/settings/{setting.id}", data={"act": act, "cycle": cycle_id}).status_code


def test_settings_are_saved_used_replaced_and_deleted(app: Flask, officer: FlaskClient, cycle_id: str) -> None:
    given = {
        "language": "ar", "preset": "public", "recipient": "Press", "questions": ["op4"], "regions": ["african"],
        "states": ["XAA", "XAB"], "as_at": "2026-07-01T10:30", "file_format": "csv",
    }  # fmt: skip
    saved = ask(officer, cycle_id, go="save", name="  For the press ", **given)
    assert (saved.status_code, saved.location) == (303, f"/exports/{cycle_id}#saved")
    (setting,) = settings(app)
    assert (setting.name, setting.shared, setting.parameters["states"]) == ("For the press", False, ["XAA", "XAB"])
    page = officer.get(f"/exports/{cycle_id}?setting={setting.id}").get_data(as_text=True)
    ticked = re.findall(r'<input[^>]*checked[^>]* name="([^"]+)"[^>]* value="([^"]+)"', page)
    chosen = [("regions", "african"), ("questions", "op4"), ("states", "XAA"), ("states", "XAB")]
    assert ticked == [("preset", "public"), ("file_format", "csv"), *chosen]
    assert 'value="Press"' in page
    assert 'value="2026-07-01T10:30"' in page
    assert '<option selected value="ar">' in page
    ask(officer, cycle_id, go="save", name="For the press", language="fr", shared="y")
    (setting,) = settings(app)
    assert (setting.parameters["language"], setting.parameters["states"], setting.shared) == ("fr", [], True)
    assert change(officer, cycle_id, setting, "delete") == 303
    assert settings(app) == []
    with app.extensions["tracker"].database.reading() as session:
        assert session.exec(select(ExportJob)).all() == []


def test_others_see_what_is_shared_and_change_nothing_of_it(app: Flask, officer: FlaskClient, cycle_id: str) -> None:
    ask(officer, cycle_id, go="save", name="Mine alone")
    (setting,) = settings(app)
    other = browser(app, "second@secretariat.example", "Second Officer")
    address = f"/exports/{cycle_id}?setting={setting.id}"
    assert "Mine alone" not in other.get(f"/exports/{cycle_id}").get_data(as_text=True)
    assert other.get(address).status_code == 404
    assert change(officer, cycle_id, setting, "share") == 303
    page = other.get(f"/exports/{cycle_id}").get_data(as_text=True)
    assert "Mine alone" in page
    assert "Shared by First Officer" in page
    assert other.get(address).status_code == 200
    assert [change(other, cycle_id, setting, act) for act in ("share", "unshare", "delete")] == [404, 404, 404]
    assert change(officer, cycle_id, setting, "unshare") == 303
    assert other.get(address).status_code == 404
    ask(other, cycle_id, go="save", name="Mine alone")
    assert len(settings(app)) == 2, "a name is one's own"


def test_what_another_round_does_not_know_is_named_before_more_leaves(
    app: Flask, officer: FlaskClient, cycle_id: str
) -> None:
    ask(officer, cycle_id, go="save", name="One State", preset="state", state="XAA")
    (setting,) = settings(app)
    with app.extensions["tracker"].database.transaction() as session:
        later = make_cycle(session, title="Later round").id
    assert "Left out" not in officer.get(f"/exports/{cycle_id}?setting={setting.id}").get_data(as_text=True)
    page = officer.get(f"/exports/{later}?setting={setting.id}").get_data(as_text=True)
    assert "Left out: XAA." in page
    assert ask(officer, later, preset="state").status_code == 422
