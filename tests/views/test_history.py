"""Two people on one answer, its history, and the response as it was: what the pages say and keep."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from instruments.items.legal_references import LegalReference
from instruments.values import Narrative
from models.database import Database
from models.people import User
from models.responses import Answer, NationalResponse, Revision
from tests.builders import World, actor_for, answer, make_world, sign_in

ITEM = "op13d.narrative"


@pytest.fixture
def database(app: Flask) -> Database:
    app.config["WTF_CSRF_ENABLED"] = False
    database: Database = app.extensions["tracker"].database
    return database


@pytest.fixture
def world(database: Database) -> World:
    with database.transaction() as session:
        return make_world(session)


def browser(app: Flask, database: Database, user_id: int) -> FlaskClient:
    client = app.test_client()
    with database.reading() as session:
        sign_in(client, session.get_one(User, user_id))
    return client


@pytest.fixture
def client(app: Flask, database: Database, world: World) -> FlaskClient:
    """The focal point's browser."""
    return browser(app, database, world.focal_point)


def write(database: Database, world: World, *texts: str, who: str = "contributor") -> None:
    """Save one text after the other."""
    for text in texts:
        with database.transaction() as session:
            actor = actor_for(
                session.get_one(User, getattr(world, who)), session.get_one(NationalResponse, world.response_id)
            )
            answer(session, actor, world.response_id, {ITEM: Narrative(text=text, language="en")})


def page(world: World, tail: str = "") -> str:
    return f"/responses/{world.response_id}/questions/op13d{tail}"


def posted(text: str, base: str) -> dict[str, str]:
    return {f"base:{ITEM}": base, f"{ITEM}-text": text, f"{ITEM}-language": "en"}


def inputs(html: str) -> dict[str, str]:
    """What the conflict page would send without a choice: hidden inputs, and the text of the field."""
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html)
    areas = re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>\r?\n?(.*?)</textarea>', html, re.DOTALL)
    return {name: unescape(text) for name, text in [*hidden, *areas]} | {f"{ITEM}-language": "en"}


def stored(database: Database, world: World) -> str:
    with database.reading() as session:
        value: Any = session.get_one(Answer, (world.response_id, ITEM)).value
        return str(value["text"])


def kinds(database: Database) -> list[tuple[str, str]]:
    with database.reading() as session:
        return [(row.kind, row.channel) for row in session.exec(select(Revision).order_by(Revision.seq))]  # type: ignore[arg-type]


def test_different_paragraphs_are_put_together_and_the_writer_is_told(
    database: Database, world: World, client: FlaskClient
) -> None:
    write(database, world, "A\n\nB", "A1\n\nB")
    answered = client.post(page(world), data=posted("A\n\nB2", "1"), follow_redirects=True)
    assert "were put together" in answered.text
    assert stored(database, world) == "A1\n\nB2"


def test_autosave_says_that_it_merged_and_takes_the_next_text_on_top_of_ones_own(
    database: Database, world: World, client: FlaskClient
) -> None:
    write(database, world, "A\n\nB", "A1\n\nB")
    first = client.post(page(world, "/autosave"), data=posted("A\n\nB2", "1")).get_json()["items"][ITEM]
    assert (first["version"], first["merged"]) == (3, True)
    second = client.post(page(world, "/autosave"), data=posted("A\n\nB2 and more", first["base"]))
    assert second.status_code == 200
    assert stored(database, world) == "A1\n\nB2 and more"


@pytest.mark.parametrize(
    ("take", "expected"),
    [("theirs", "A1\n\nB1\n\nC2"), ("mine", "A2\n\nB1\n\nC2"), ("both", "A1\n\nA2\n\nB1\n\nC2"), ("edited", "A3")],
)
def test_one_press_decides_about_what_both_changed(
    database: Database, world: World, client: FlaskClient, take: str, expected: str
) -> None:
    write(database, world, "A\n\nB\n\nC", "A1\n\nB1\n\nC")
    asked = client.post(page(world), data=posted("A2\n\nB\n\nC2", "1"))
    assert asked.status_code == 409
    assert "<del>A\n</del><ins>A1\n</ins>" in asked.text
    assert "<del>A\n</del><ins>A2\n</ins>" in asked.text
    sent = inputs(asked.text)
    assert sent[f"{ITEM}-text"] == "A1\n\nA2\n\nB1\n\nC2"
    if take == "edited":
        sent[f"{ITEM}-text"] = "A3"
    chosen = client.post(page(world, "/conflict"), data={**sent, f"take:{ITEM}": take})
    assert chosen.status_code == 303
    assert stored(database, world) == expected
    assert (("set_aside", "web") in kinds(database)) == (take in {"theirs", "edited"})


def test_the_enter_key_decides_nothing_and_loses_nothing(database: Database, world: World, client: FlaskClient) -> None:
    write(database, world, "A", "A1")
    sent = inputs(client.post(page(world), data=posted("A2", "1")).text)
    again = client.post(page(world, "/conflict"), data={**sent, f"{ITEM}-text": "half written"})
    assert again.status_code == 409
    # The two tokens are new with every page.
    kept = {name: text for name, text in inputs(again.text).items() if not name.endswith("_token")}
    assert kept == {name: text for name, text in sent.items() if not name.endswith("_token")} | {
        f"{ITEM}-text": "half written"
    }
    assert stored(database, world) == "A1"


def test_rows_are_added_and_removed_while_one_text_is_made_of_two(
    database: Database, world: World, client: FlaskClient
) -> None:
    item_id = "op13d.laws"
    for title in ("Law 1", "Law 2"):
        with database.transaction() as session:
            actor = actor_for(
                session.get_one(User, world.contributor), session.get_one(NationalResponse, world.response_id)
            )
            answer(session, actor, world.response_id, {item_id: (LegalReference(row_id="r1", title=title),)})
    mine = {f"base:{item_id}": "1", f"{item_id}-0-row_id": "r1", f"{item_id}-0-title": "Law 3"}
    asked = client.post(page(world), data=mine)
    assert asked.status_code == 409
    sent = {
        **mine,
        **{name: text for name, text in inputs(asked.text).items() if ":" in name and "narrative" not in name},
    }
    more = client.post(page(world, "/conflict"), data={**sent, "add": item_id})
    assert (more.status_code, f'name="{item_id}-1-title"' in more.text) == (409, True)
    fewer = client.post(page(world, "/conflict"), data={**sent, "remove": f"{item_id}-0"})
    assert (fewer.status_code, f'name="{item_id}-0-title"' in fewer.text) == (409, False)


def test_a_change_that_came_in_between_shows_the_page_again(
    database: Database, world: World, client: FlaskClient
) -> None:
    write(database, world, "A", "A1")
    sent = inputs(client.post(page(world), data=posted("A2", "1")).text)
    write(database, world, "A9")
    again = client.post(page(world, "/conflict"), data={**sent, f"take:{ITEM}": "mine"})
    assert again.status_code == 409
    assert '<ins dir="auto">A9</ins>' in again.text
    assert stored(database, world) == "A9"


def test_the_history_names_who_when_and_from_where_and_marks_words(
    database: Database, world: World, client: FlaskClient
) -> None:
    write(database, world, "the old law", "the new law")
    html = client.get(f"/responses/{world.response_id}/history/{ITEM}").text
    assert "the <del>old</del><ins>new</ins> law" in html
    assert "Contributor" in html
    assert "on the page" in html
    assert f"/history/{ITEM}" in client.get(page(world)).text


def test_an_earlier_text_comes_back_as_a_new_version(database: Database, world: World, client: FlaskClient) -> None:
    write(database, world, "first", "second")
    address = f"/responses/{world.response_id}/history/{ITEM}"
    assert client.post(address, data={"seq": "1", "version": "2"}).status_code == 303
    assert stored(database, world) == "first"
    assert kinds(database)[-1] == ("saved", "restore")
    assert "brought back from the history" in client.get(address).text


def test_bringing_a_text_back_over_a_newer_one_shows_both(
    database: Database, world: World, client: FlaskClient
) -> None:
    write(database, world, "first", "second", "third")
    asked = client.post(f"/responses/{world.response_id}/history/{ITEM}", data={"seq": "1", "version": "2"})
    assert asked.status_code == 409
    assert "The earlier text that you want back" in asked.text
    assert stored(database, world) == "third"
    client.post(page(world, "/conflict"), data={**inputs(asked.text), f"take:{ITEM}": "mine"})
    assert stored(database, world) == "first"
    assert kinds(database)[-1] == ("saved", "restore")


def test_the_response_is_shown_as_it_was(database: Database, world: World, client: FlaskClient) -> None:
    write(database, world, "first words", "second words")
    address = f"/responses/{world.response_id}/as-at"
    assert "Choose a moment" in client.get(address).text
    then = client.get(f"{address}?seq=1").text
    assert "first words" in then
    assert "second words" not in then
    assert "second words" in client.get(f"{address}?seq=2").text
    for unknown in ("3", "0", "x", "9" * 12):
        assert client.get(f"{address}?seq={unknown}").status_code == 404


@pytest.mark.parametrize("who", ["officer", "other_focal_point"])
def test_history_is_for_the_states_own_people(app: Flask, database: Database, world: World, who: str) -> None:
    write(database, world, "draft words")
    other = browser(app, database, getattr(world, who))
    for address in (f"/responses/{world.response_id}/history/{ITEM}", f"/responses/{world.response_id}/as-at?seq=1"):
        answered = other.get(address)
        assert answered.status_code in {403, 404}
        assert "draft words" not in answered.text


def test_an_observer_reads_the_history_and_restores_nothing(app: Flask, database: Database, world: World) -> None:
    write(database, world, "first", "second")
    observer = browser(app, database, world.observer)
    address = f"/responses/{world.response_id}/history/{ITEM}"
    assert "Bring this text back" not in observer.get(address).text
    assert observer.post(address, data={"seq": "1", "version": "2"}).status_code == 403
    assert stored(database, world) == "second"
