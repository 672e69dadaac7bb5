"""Earlier answers on pages: read-only beside the field, taken over or put into the field by one press, for the State's people alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from instruments.values import Narrative
from models.base import utc_now
from models.cycles import Cycle
from models.people import User
from models.responses import NationalResponse
from models.states import ReportingState
from models.submissions import Submission
from services.permissions import Permission
from services.publishing import publish
from services.responses import OpenResponse, open_response
from tests.builders import World, actor_for, answer, csrf_token, make_cycle, make_response, make_world, sign_in
from tests.exports.builders import seal
from tests.services.test_earlier_answers import BEFORE, next_version, text

CANARY = "Begun in 2024"


@dataclass
class Site:
    """A round in progress after one that both States submitted in."""

    app: Flask
    world: World

    def browser(self, user_id: int) -> FlaskClient:
        client = self.app.test_client()
        with self.app.extensions["tracker"].database.reading() as session:
            user = session.get_one(User, user_id)
        sign_in(client, user)
        return client

    def opened(self) -> OpenResponse:
        with self.app.extensions["tracker"].database.reading() as session:
            response = session.get_one(NationalResponse, self.world.response_id)
            actor = actor_for(session.get_one(User, self.world.focal_point), response)
            return open_response(session, response.id, actor, Permission.RESPONSE_READ)

    def change(self, act: Callable[[Any], None]) -> None:
        with self.app.extensions["tracker"].database.transaction() as session:
            act(session)

    def address(self, path: str = "/earlier") -> str:
        return f"/responses/{self.world.response_id}{path}"

    def post(self, data: dict[str, str], path: str = "/earlier", user_id: int = 0, page: str = "/questions/op4") -> Any:
        client = self.browser(user_id or self.world.focal_point)
        token = csrf_token(client, self.address(page))
        return client.post(self.address(path), data={"csrf_token": token, **data})


@pytest.fixture
def site(app: Flask) -> Site:
    return make_site(app)


def make_site(app: Flask, document: dict[str, Any] | None = None) -> Site:
    with app.extensions["tracker"].database.transaction() as session:
        world = make_world(session)
        if document:
            session.get_one(Cycle, world.cycle_id).instrument_version_id = publish(session, document).id
        before = make_cycle(session, title="Round of 2025", opens_at=datetime(2025, 1, 15, tzinfo=UTC))
        for code, values in (("XAA", BEFORE), ("XAB", {"op4.narrative": text("BORDURIA")})):
            state = session.get_one(ReportingState, code)
            seal(session, make_response(session, before, state), values, user_id=world.focal_point)
    return Site(app, world)


def test_the_earlier_answer_stands_beside_the_field_with_its_date_and_is_not_in_it(site: Site) -> None:
    page = site.browser(site.world.focal_point).get(site.address("/questions/op4")).get_data(as_text=True)
    assert page.count(CANARY) == 1
    assert "“Round of 2025”, 30 June 2026" in page
    assert "Still correct" in page and "It counts only once you choose." in page
    assert "<textarea" in page and f">{CANARY}</textarea>" not in page
    assert site.opened().total_progress().answered == 0
    home = site.browser(site.world.focal_point).get(site.address("")).get_data(as_text=True)
    assert "0 of" in home and site.address("/earlier") in home


def test_one_press_takes_an_item_over_and_keeps_what_was_typed_elsewhere_on_the_page(site: Site) -> None:
    answered = site.post(
        {
            "take": "op4.narrative", "base:op4.narrative": "0", "op4.narrative-text": "", "op4.narrative-language": "",
            "base:op4.status_practice": "0", "op4.status_practice": "not_implemented",
        },
        "/questions/op4/earlier",
    )  # fmt: skip
    assert answered.status_code == 303
    assert answered.headers["Location"].endswith("/questions/op4#item-op4.narrative")
    values = site.opened().values
    assert values["op4.narrative"] == Narrative(text=CANARY, language="en")
    assert values["op4.status_practice"] == "not_implemented"


def test_what_was_typed_into_the_very_field_is_in_the_history_before_it_is_replaced(site: Site) -> None:
    site.post(
        {
            "take": "op4.narrative", "base:op4.narrative": "0", "op4.narrative-text": "typed first",
            "op4.narrative-language": "en",
        },
        "/questions/op4/earlier",
    )  # fmt: skip
    opened = site.opened()
    assert opened.values["op4.narrative"] == text(CANARY)
    assert opened.answers["op4.narrative"].version == 2


def test_an_answer_that_somebody_gave_meanwhile_is_not_replaced(site: Site) -> None:
    def act(session: Any) -> None:
        response = session.get_one(NationalResponse, site.world.response_id)
        actor = actor_for(session.get_one(User, site.world.contributor), response, "contributor")
        answer(session, actor, response.id, {"op4.narrative": text("by a colleague")})

    site.change(act)
    client = site.browser(site.world.focal_point)
    data = {"take": "op4.narrative", "base:op4.narrative": "0", "op4.narrative-text": "", "op4.narrative-language": ""}
    token = csrf_token(client, site.address("/questions/op4"))
    page = client.post(
        site.address("/questions/op4/earlier"), data={"csrf_token": token, **data}, follow_redirects=True
    ).get_data(as_text=True)  # fmt: skip
    assert site.opened().values["op4.narrative"] == text("by a colleague")
    assert "Somebody else changed this answer meanwhile" in page
    assert "Use the earlier answer instead" in page


def test_changed_puts_it_into_the_field_and_it_counts_when_it_is_saved(site: Site) -> None:
    answered = site.post({"edit": "op4.narrative", "base:op4.narrative": "0"}, "/questions/op4/earlier")
    assert answered.headers["Location"].endswith("/questions/op4?earlier=op4.narrative#item-op4.narrative")
    client = site.browser(site.world.focal_point)
    page = client.get(answered.headers["Location"]).get_data(as_text=True)
    assert f">{CANARY}</textarea>" in page.replace("\r", "").replace(">\n", ">")
    assert "The earlier answer is in the form" in page
    assert site.opened().values == {}
    site.post(
        {"base:op4.narrative": "0", "op4.narrative-text": f"{CANARY}, now in force", "op4.narrative-language": "en"},
        "/questions/op4",
    )
    assert site.opened().values["op4.narrative"] == text(f"{CANARY}, now in force")


@pytest.mark.parametrize(
    ("wanted", "due"),
    [
        ("item:op4.narrative", {"op4.narrative"}),
        ("question:op4", {"op4.status_practice", "op4.narrative", "op4.attempt", "op4.authority", "op4.laws"}),
        ("question:op13d", {"op13d.status_practice", "op13d.laws"}),
        ("all", set(BEFORE) - {"op4.evidence"}),
    ],
)
def test_a_question_a_section_or_everything_is_taken_over_by_one_press(site: Site, wanted: str, due: set[str]) -> None:
    assert site.post({"take": wanted}).status_code == 303
    assert set(site.opened().values) == due & set(site.opened().asked)
    assert set(site.opened().values) == due


def test_a_section_is_taken_over_by_one_press(site: Site) -> None:
    section = next(
        one for one in site.opened().instrument.sections if "op4" in [question.id for question in one.questions]
    )
    site.post({"take": f"section:{section.id}"})
    assert {"op4.status_practice", "op4.narrative"} <= set(site.opened().values)


def test_the_page_lists_everything_and_says_why_something_cannot_be_taken_over(app: Flask) -> None:
    site = make_site(app, next_version())
    page = site.browser(site.world.observer).get(site.address()).get_data(as_text=True)
    for words in (
        CANARY, "Ministry of Justice", "act.pdf", "It is not asked any more.", "It is asked in another form now.",
        "Files stay with the round they were given in", "You can read this page, but not change it",
    ):  # fmt: skip
        assert words in page
    assert "BORDURIA" not in page
    assert 'name="take"' not in page
    question = site.browser(site.world.observer).get(site.address("/questions/op4")).get_data(as_text=True)
    assert CANARY in question and 'name="take"' not in question


def test_the_page_tells_what_is_answered_so_already_and_what_otherwise(site: Site) -> None:
    site.post({"take": "item:op4.status_practice"})
    site.post(
        {"base:op4.narrative": "0", "op4.narrative-text": "Other", "op4.narrative-language": "en"}, "/questions/op4"
    )  # fmt: skip
    page = site.browser(site.world.focal_point).get(site.address()).get_data(as_text=True)
    assert page.count("Answered so in this round") == 1
    assert page.count("Answered otherwise in this round") == 1
    assert site.post({"take": "item:op4.narrative"}).status_code == 303
    assert site.opened().values["op4.narrative"] == text("Other")


def test_who_may_and_who_may_not(site: Site) -> None:
    assert site.post({"take": "all"}, user_id=site.world.contributor).status_code == 303
    assert site.browser(site.world.officer).get(site.address()).status_code == 403
    assert CANARY not in site.browser(site.world.officer).get(site.address()).get_data(as_text=True)
    assert site.browser(site.world.other_focal_point).get(site.address()).status_code == 404
    assert site.app.test_client().get(site.address()).status_code == 302
    client = site.browser(site.world.observer)
    site.app.config["WTF_CSRF_ENABLED"] = False
    assert client.post(site.address(), data={"take": "all"}).status_code == 403
    assert client.post(site.address("/questions/op4/earlier"), data={"take": "op4.narrative"}).status_code == 403
    other = site.browser(site.world.other_focal_point)
    assert other.post(site.address(), data={"take": "all"}).status_code == 404


@pytest.mark.parametrize(
    "wanted", ["", "x", "item:", "item:unknown", "section:unknown", "question:unknown", "item:op4.evidence"]
)
def test_a_name_that_is_not_offered_is_not_found(site: Site, wanted: str) -> None:
    assert site.post({"take": wanted}).status_code == 404
    assert site.post({"take": wanted.partition(":")[2]}, "/questions/op4/earlier").status_code == 404
    assert site.opened().values == {}


def test_a_closed_round_takes_nothing_over_and_says_so(site: Site) -> None:
    def act(session: Any) -> None:
        session.get_one(Cycle, site.world.cycle_id).closed_at = utc_now()

    client = site.browser(site.world.focal_point)
    token = csrf_token(client, site.address())
    site.change(act)
    answered = client.post(site.address(), data={"csrf_token": token, "take": "all"})
    assert answered.status_code == 423
    assert "Nothing was taken over" in answered.get_data(as_text=True)
    assert "Still correct" not in client.get(site.address()).get_data(as_text=True)


def test_an_altered_submission_is_named_on_the_page_and_left_out_beside_the_fields(site: Site) -> None:
    def act(session: Any) -> None:
        for submission in session.exec(select(Submission)):
            submission.document = submission.document.replace("Begun", "Ended")

    site.change(act)
    client = site.browser(site.world.focal_point)
    page = client.get(site.address())
    assert page.status_code == 500
    assert "The earlier answers are not shown" in page.get_data(as_text=True)
    question = client.get(site.address("/questions/op4"))
    assert question.status_code == 200
    assert "Ended in 2024" not in question.get_data(as_text=True)


def test_a_state_without_an_earlier_submission_is_told_so(app: Flask) -> None:
    with app.extensions["tracker"].database.transaction() as session:
        world = make_world(session)
    page = Site(app, world).browser(world.focal_point).get(f"/responses/{world.response_id}/earlier")
    assert "Your State has not submitted in an earlier round" in page.get_data(as_text=True)
