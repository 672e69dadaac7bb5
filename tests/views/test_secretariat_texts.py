"""The officers' page of languages says what is missing and that no person has reviewed what none has."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from instruments.catalog import sha256_of
from instruments.translation import review_digest
from languages import LANGUAGES
from models.cycles import InstrumentVersion
from models.people import User
from tests.builders import World, make_world, sign_in

URL = "/secretariat/texts"


@pytest.fixture
def world(app: Flask) -> World:
    """A published questionnaire of which French lacks one text and Arabic none of the small ones."""
    with app.extensions["tracker"].database.transaction() as session:
        world = make_world(session)
        row = session.exec(select(InstrumentVersion)).one()
        texts = {language: dict(found) for language, found in row.document["texts"].items()}
        for language in LANGUAGES:
            texts[language] = {**texts["en"], **texts[language]}
        del texts["fr"]["op4.lead"]
        row.document = {**row.document, "texts": texts}
        row.sha256 = sha256_of(row.document)
        session.add(row)
        return world


@pytest.fixture
def officer(app: Flask, client: FlaskClient, world: World) -> FlaskClient:
    """A signed-in officer's browser."""
    with app.extensions["tracker"].database.reading() as session:
        sign_in(client, session.get_one(User, world.officer))
    return client


def rows(page: str) -> dict[str, list[int]]:
    """The numbers of each language."""
    table = page[page.index("<tbody>") : page.index("</tbody>")]
    found = {}
    for row in table.split("<tr>")[1:]:
        language = re.search(r'<span lang="(\w\w)">', row)
        assert language
        found[language[1]] = [int(number) for number in re.findall(r'<td class="n">(\d+)</td>', row)]
    return found


def test_the_page_counts_every_language_and_names_what_is_missing(officer: FlaskClient) -> None:
    answered = officer.get(URL)
    page = answered.get_data(as_text=True)
    assert answered.status_code == 200
    found = rows(page)
    assert list(found) == list(LANGUAGES)
    texts, complete, missing, unreviewed = found["fr"]
    assert (missing, texts - complete) == (1, 1)
    assert 0 < unreviewed <= complete
    assert [found[language][2] for language in LANGUAGES if language != "fr"] == [0] * 5
    assert "<code>op4.lead</code>" in page
    assert "No person has reviewed the translations of this questionnaire." in page


def test_a_reviewed_text_is_counted_where_the_files_know_it(
    app: Flask, officer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(officer.get(URL).get_data(as_text=True))
    with app.extensions["tracker"].database.reading() as session:
        texts = session.exec(select(InstrumentVersion)).one().document["texts"]
    key = "section.s1"
    marks = {"ru": {key: review_digest(texts["en"][key], texts["ru"][key]), "section.s2": "of another text"}}
    monkeypatch.setattr("views.secretariat.texts.read_reviews", lambda: marks)
    page = officer.get(URL).get_data(as_text=True)
    assert rows(page)["ru"][3] == before["ru"][3] - 1
    assert rows(page)["fr"] == before["fr"]
    assert "A person has reviewed 1 translated text. No person has reviewed the others." in page
    assert "No person has reviewed the translations of this questionnaire." not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_opens_in_every_language(officer: FlaskClient, language: str) -> None:
    with officer.session_transaction() as session:
        session["language"] = language
    page = officer.get(URL).get_data(as_text=True)
    assert f'<html lang="{language}"' in page
    assert " style=" not in page and "<script>" not in page


def test_the_list_of_rounds_leads_to_it(officer: FlaskClient) -> None:
    assert f'href="{URL}"' in officer.get("/secretariat/cycles").get_data(as_text=True)


def test_it_is_a_page_of_officers(app: Flask, client: FlaskClient, world: World) -> None:
    assert client.get(URL).status_code == 302
    with app.extensions["tracker"].database.reading() as session:
        focal_point = session.get_one(User, world.focal_point)
    sign_in(client, focal_point)
    assert client.get(URL).status_code == 403


def test_without_a_round_there_is_nothing_to_show(app: Flask, client: FlaskClient) -> None:
    from tests.builders import make_user

    with app.extensions["tracker"].database.transaction() as session:
        user = make_user(session, officer=True)
    sign_in(client, user)
    assert "There is no round of reporting yet." in client.get(URL).get_data(as_text=True)


def test_an_unknown_round_is_not_found(officer: FlaskClient) -> None:
    assert officer.get(f"{URL}?cycle=absent").status_code == 404
