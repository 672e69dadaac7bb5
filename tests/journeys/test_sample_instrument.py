"""A second questionnaire, made of data files alone: published, chosen for a round, answered item by item, submitted, exported."""

from __future__ import annotations

import html
import io
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from cli.instruments import instrument as instrument_command
from exports.facts import read_facts
from exports.worker import make_now
from forms.question import build_question_form
from instruments.catalog import DATA, load_instrument
from instruments.items import ITEM_TYPES, Item
from instruments.items.base import AskContext
from instruments.schema import Instrument
from instruments.values import Chosen, Statistics
from languages import LANGUAGES
from models.base import utc_now
from models.cycles import Cycle, InstrumentVersion
from models.database import Database
from models.people import User
from models.responses import Answer, NationalResponse
from models.submissions import Submission
from tests.builders import World, csrf_token, make_member, make_user, make_world, sign_in
from tests.exports.readback import read_by_calamine, read_by_openpyxl, sealed_facts, tables
from tests.forms.posting import print_item, read_html
from tests.instruments.examples import EXAMPLES, YEARS

SAMPLE = DATA / "sample-follow-up" / "1"
FILES = {"قانون.txt": "نص القانون".encode(), "закон.txt": "Текст закона".encode()}


def value_for(item: Item) -> Any:
    """The example of the item's type, with the codes and lines of this item where they are its own."""
    example = EXAMPLES[item.item_type].value
    choice_list = item.boxes()
    if isinstance(example, Statistics):
        lines: Any = getattr(item, "figure_lines", ())
        numbers = {line.id: {str(year): Decimal(place) for place, year in enumerate(YEARS)} for line in lines}
        return example.model_copy(update={"cells": numbers})
    if isinstance(example, Chosen) and choice_list is not None:
        codes = [code for code in choice_list.codes if code in (choice_list.codes[0], choice_list.other)]
        return Chosen(codes=tuple(codes), other=example.other if choice_list.other else "")
    if isinstance(example, str) and choice_list is not None and example not in choice_list.codes:
        return choice_list.codes[0]
    return example


@dataclass
class Journey:
    """One installation in which both questionnaires are published."""

    app: Flask
    client: FlaskClient
    world: World
    instrument: Instrument

    @property
    def database(self) -> Database:
        """The database behind the pages."""
        database: Database = self.app.extensions["tracker"].database
        return database

    def enter(self, user_id: int) -> None:
        """Sign this person in, in the one browser."""
        self.client.delete_cookie("tracker_session")
        with self.database.reading() as session:
            user = session.get_one(User, user_id)
        sign_in(self.client, user)

    def page(self, url: str) -> str:
        """A page that is there."""
        answered = self.client.get(url)
        assert answered.status_code == 200, (url, answered.status_code)
        return answered.get_data(as_text=True)

    def send(self, url: str, page: str, pairs: list[tuple[str, Any]]) -> TestResponse:
        """A form of a page."""
        return self.client.post(url, data=MultiDict([("csrf_token", csrf_token(self.client, page)), *pairs]))


@pytest.fixture
def journey(app: Flask, client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journey:
    """The sample published beside the shipped questionnaire, which has an open round."""
    monkeypatch.setenv("TRACKER_INSTANCE", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with app.extensions["tracker"].database.transaction() as session:
        world = make_world(session)
    published = CliRunner().invoke(instrument_command, ["publish", str(SAMPLE)])
    assert published.exit_code == 0, published.output
    return Journey(app, client, world, load_instrument(SAMPLE))


def open_round(journey: Journey) -> str:
    """The officer opens a round on the sample; the id of the first State's response."""
    journey.enter(journey.world.officer)
    with journey.database.reading() as session:
        version = session.exec(
            select(InstrumentVersion.id).where(InstrumentVersion.instrument == journey.instrument.instrument)
        ).one()
    url = "/secretariat/cycles/new"
    assert "Sample: protection of witnesses, version 1" in journey.page(url)
    last_day = (utc_now() + timedelta(days=100)).date().isoformat()
    answered = journey.send(url, url, [
        ("title", "Sample round"), ("instrument_version_id", version), ("opens_on", "2026-01-15"), ("ends_on", last_day),
        ("zone", "UTC"),
    ])  # fmt: skip
    assert answered.status_code == 303
    with journey.database.transaction() as session:
        cycle = session.exec(select(Cycle).where(Cycle.title == "Sample round")).one()
        assert cycle.instrument_version_id == version
        response = session.exec(
            select(NationalResponse).where(NationalResponse.cycle_id == cycle.id, NationalResponse.state_id == "XAA")
        ).one()
        make_member(session, session.get_one(User, journey.world.focal_point), response)
        return response.id


def answer_question(journey: Journey, response_id: str, question_id: str) -> None:
    """Send the form of a question as a browser would: every item filled, files chosen."""
    url = f"/responses/{response_id}/questions/{question_id}"
    page = journey.page(url)
    versions = dict(re.findall(r'name="base:([\w.]+)" value="(\d+)"', page))
    items = journey.instrument.questions[question_id].items
    assert set(versions) == {item.id for item in items}
    context = AskContext(journey.instrument.texts_in("en"), YEARS)
    wanted = {item.id: value_for(item) for item in items if not isinstance(item, ITEM_TYPES["evidence"])}
    form = build_question_form(items, context, wanted)
    pairs: list[tuple[str, Any]] = []
    for item in items:
        pairs += read_html(print_item(item, form, context, int(versions[item.id]))).pairs
        if item.id not in wanted:
            pairs += [(f"{item.id}-upload", (io.BytesIO(content), name)) for name, content in FILES.items()]
    answered = journey.send(url, url, pairs)
    assert answered.status_code == 303, re.findall(r'class="error[^>]*>.*', answered.get_data(as_text=True))


def test_the_sample_uses_every_item_type_and_conditions_on_a_number_and_on_a_day() -> None:
    instrument = load_instrument(SAMPLE)
    assert {item.item_type for item in instrument.items.values()} == set(ITEM_TYPES)
    conditions = [item.asked_if for item in instrument.items.values() if item.asked_if]
    tests = [test for condition in conditions for test in condition.tests()]
    assert [test for test in tests if test.at_least is not None]
    assert [test for test in tests if test.after is not None]
    questions = instrument.questions.values()
    assert [question for question in questions if question.parts]
    assert [question for question in questions if question.refers_to]
    assert [question for question in questions if question.terms]
    assert [question for question in questions if question.chapeau]
    assert all("Sample" in instrument.texts["en"][key] for key in ("instrument.title", "instrument.short_title"))


def test_every_item_is_answered_on_pages_submitted_and_read_back_from_the_workbook(journey: Journey) -> None:
    response_id = open_round(journey)
    journey.enter(journey.world.focal_point)
    for question_id in journey.instrument.questions:
        answer_question(journey, response_id, question_id)

    # What is stored is what was entered, in every type; nothing is left out by a condition.
    with journey.database.reading() as session:
        stored = {
            answer.item_id: answer.value
            for answer in session.exec(select(Answer).where(Answer.national_response_id == response_id))
        }
    assert set(stored) == set(journey.instrument.items)
    for item in journey.instrument.items.values():
        value = item.load(stored[item.id])
        if isinstance(item, ITEM_TYPES["evidence"]):
            assert {file.name: file.size for file in value} == {name: len(content) for name, content in FILES.items()}
        else:
            assert value == value_for(item), item.id

    for language in LANGUAGES:
        journey.client.get(f"/language/{language}")
        for place in (
            "",
            "/check",
            "/print",
            "/print?blank=1",
            *(f"/questions/{name}" for name in journey.instrument.questions),
        ):
            page = journey.page(f"/responses/{response_id}{place}")
            assert f'<html lang="{language}"' in page
            # The page speaks of this questionnaire, and of no other and its source language.
            assert html.escape(journey.instrument.texts[language]["instrument.title"], quote=False) in page
            assert not re.search("Trafficking|the Arabic|Arabic source|October 2020", page)
    journey.client.get("/language/en")

    declared = [("name", "Fay Focal"), ("title", "Focal point"), ("anyway_reason", "A sample."), ("declared", "y")]
    answered = journey.send(f"/responses/{response_id}/submit", f"/responses/{response_id}/check", declared)
    assert answered.status_code == 303
    with journey.database.reading() as session:
        submission = session.exec(select(Submission).where(Submission.national_response_id == response_id)).one()
        cycle_id = session.get_one(NationalResponse, response_id).cycle_id
    document = json.loads(submission.document)
    assert set(document["asked"]) == set(document["answers"]) == set(journey.instrument.items)

    journey.enter(journey.world.officer)
    for language in ("en", "ar"):
        asked = [
            ("preset", "secretariat"), ("report", ""), ("file_format", "xlsx"), ("state", ""), ("language", language),
        ]  # fmt: skip
        job = journey.send(f"/exports/{cycle_id}", f"/exports/{cycle_id}", asked).location
        tracker = journey.client.application.extensions["tracker"]
        make_now(tracker.database, tracker.settings, job.rpartition("/")[2])
        with journey.send(f"{job}/file", job, []) as download:
            workbook = download.get_data()
        due = list(sealed_facts(journey.instrument, document, language))
        for cells in (read_by_calamine(workbook), read_by_openpyxl(workbook)):
            assert read_facts(tables(cells)["Answers_long"]) == due


def test_publishing_another_questionnaire_leaves_a_running_round_as_it_is(journey: Journey) -> None:
    with journey.database.reading() as session:
        cycle = session.get_one(Cycle, journey.world.cycle_id)
        version = session.get_one(InstrumentVersion, cycle.instrument_version_id)
        assert (version.instrument, version.version) == (load_instrument().instrument, load_instrument().version)
        assert len(session.exec(select(Cycle)).all()) == 1
    journey.enter(journey.world.focal_point)
    first = next(iter(load_instrument().questions))
    page = journey.page(f"/responses/{journey.world.response_id}/questions/{first}")
    assert f'name="base:{next(iter(load_instrument().questions[first].items)).id}"' in page


def test_a_questionnaire_is_chosen_only_where_there_are_two(app: Flask, client: FlaskClient) -> None:
    database = app.extensions["tracker"].database
    with database.transaction() as session:
        world = make_world(session)
        officer = make_user(session, officer=True)
    sign_in(client, officer)
    url = "/secretariat/cycles/new"
    assert 'name="instrument_version_id"' not in client.get(url).get_data(as_text=True)
    token = csrf_token(client, url)
    answered = client.post(url, data={
        "csrf_token": token, "title": "Second", "opens_on": "2028-01-01", "ends_on": "2028-06-30", "zone": "UTC",
    })  # fmt: skip
    assert answered.status_code == 303
    with database.reading() as session:
        version = session.get_one(Cycle, world.cycle_id).instrument_version_id
        assert session.exec(select(Cycle).where(Cycle.title == "Second")).one().instrument_version_id == version


def test_where_there_are_two_a_choice_that_is_none_is_refused(journey: Journey) -> None:
    journey.enter(journey.world.officer)
    url = "/secretariat/cycles/new"
    for choice in ("none", ""):
        answered = journey.send(url, url, [
            ("title", "Second"), ("instrument_version_id", choice), ("opens_on", "2028-01-01"), ("ends_on", "2028-06-30"),
            ("zone", "UTC"),
        ])  # fmt: skip
        assert answered.status_code == 422
        assert "Not a valid choice" in answered.get_data(as_text=True)
    with journey.database.reading() as session:
        assert len(session.exec(select(Cycle)).all()) == 1
