"""The pages of offline workbooks that come back: what is shown, who may, what each button does, what a wrong file is told."""

from __future__ import annotations

import csv
import re
from io import BytesIO, StringIO
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient

from instruments.values import Narrative
from models.database import Database
from models.people import User
from models.responses import NationalResponse
from services.kits import make_kit
from services.permissions import Permission
from services.responses import open_response
from tests.builders import World, actor_for, answer, make_world, sign_in
from tests.imports.hostile import HOSTILE
from tests.imports.kit_files import cell_of, changed, filled, kit_file


class Office:
    """The focal point's browser, and the response behind it."""

    def __init__(self, app: Flask) -> None:
        self.context = app.extensions["tracker"]
        self.database: Database = self.context.database
        with self.database.transaction() as session:
            self.world: World = make_world(session)
        self.give(
            **{"op2.narrative": Narrative(text="First words", language="en"), "op2.status_law": "not_implemented"}
        )
        self.app = app
        self.client = self.browser(self.world.focal_point)

    def browser(self, user_id: int) -> FlaskClient:
        client = self.app.test_client()
        with self.database.reading() as session:
            sign_in(client, session.get_one(User, user_id))
        return client

    def _actor(self, session: Any) -> Any:
        return actor_for(
            session.get_one(User, self.world.focal_point), session.get_one(NationalResponse, self.world.response_id)
        )

    def give(self, **values: Any) -> None:
        with self.database.transaction() as session:
            answer(session, self._actor(session), self.world.response_id, values)

    def kit(self, language: str = "en") -> bytes:
        with self.database.transaction() as session:
            opened = open_response(
                session, self.world.response_id, self._actor(session), Permission.RESPONSE_EDIT, lock=True
            )
            kit = make_kit(session, opened, ("op2",), language=language, prefilled=True, recipient="Justice")
            return kit_file(session, opened, kit, self.context.secrets.queue_key)

    def value(self, item_id: str) -> Any:
        with self.database.reading() as session:
            opened = open_response(session, self.world.response_id, self._actor(session), Permission.RESPONSE_EDIT)
            return opened.stored_values.get(item_id)

    def post(self, path: str, data: dict[str, Any] | None = None, client: FlaskClient | None = None) -> Any:
        client = client or self.client
        page = client.get(f"/responses/{self.world.response_id}/workbooks/return").get_data(as_text=True)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        given = {"csrf_token": token[1] if token else "", **(data or {})}
        return client.post(path, data=given, content_type="multipart/form-data")

    def send(self, content: bytes, name: str = "kit.xlsx") -> Any:
        return self.post(f"/responses/{self.world.response_id}/workbooks/return", {"file": (BytesIO(content), name)})


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


def test_a_workbook_is_sent_looked_at_taken_over_and_undone(office: Office) -> None:
    sent = office.send(filled(office.kit(), {
        "op2.narrative//text": "From the <b>file</b>", "op2.status_practice": "fully_implemented", "op2.budget//amount": "1,234",
    }))  # fmt: skip
    assert sent.status_code == 303
    page = office.client.get(sent.location).get_data(as_text=True)
    assert "From the &lt;b&gt;file&lt;/b&gt;" in page and "First words" in page
    assert re.search(r'name="take:op2.narrative" value="file" checked', page)
    assert re.search(r'name="take:op2.budget" value="" checked', page)
    assert "XL-103" in page and re.search(r"P2!E\d+", page)
    office.client.get("/language/fr")
    assert "peut se lire" in office.client.get(sent.location).get_data(as_text=True)
    office.client.get("/language/en")
    assert office.value("op2.narrative").text == "First words"
    taken = office.post(
        sent.location, {"take:op2.narrative": "file", "take:op2.status_practice": "file", "take:op2.budget": ""}
    )
    assert taken.status_code == 303
    page = office.client.get(sent.location).get_data(as_text=True)
    assert "2 answers were taken over." in page and page.count(">Taken over<") + page.count("Taken over</span>") >= 2
    assert office.value("op2.narrative").text == "From the <b>file</b>"
    assert office.value("op2.budget") is None
    office.give(**{"op2.status_practice": "not_implemented"})
    office.post(f"{sent.location}/undo")
    page = office.client.get(sent.location).get_data(as_text=True)
    assert "1 answer was set back." in page and "Not set back, because somebody has changed it since" in page
    assert (office.value("op2.narrative").text, office.value("op2.status_practice")) == (
        "First words",
        "not_implemented",
    )


def test_what_changed_between_the_page_and_the_button_is_shown_again_to_decide(office: Office) -> None:
    sent = office.send(filled(office.kit(), {"op2.narrative//text": "From the file"}))
    office.give(**{"op2.narrative": Narrative(text="Typed meanwhile", language="en")})
    page = office.client.get(sent.location).get_data(as_text=True)
    assert "Somebody has changed this answer since the workbook was sent" in page
    office.post(sent.location, {"take:op2.narrative": "file"})
    page = office.client.get(sent.location).get_data(as_text=True)
    assert "XL-201" in page and "When the workbook was made" in page and "Typed meanwhile" in page
    assert not re.search(r'name="take:op2.narrative"[^>]*checked', page)
    office.post(sent.location, {"take:op2.narrative": "both"})
    assert office.value("op2.narrative").text == "Typed meanwhile\n\nFrom the file"


def test_the_same_file_again_and_one_put_aside(office: Office) -> None:
    content = filled(office.kit(), {"op2.narrative//text": "From the file"})
    first, again = office.send(content), office.send(content)
    assert again.location == first.location
    assert "This file was sent before" in office.client.get(again.location).get_data(as_text=True)
    office.post(f"{first.location}/discard")
    assert office.send(content).location != first.location
    assert office.value("op2.narrative").text == "First words"


@pytest.mark.parametrize(
    "name",
    [
        "a text with commas renamed",
        "an old workbook",
        "cut in the middle",
        "spaces without end",
        "macros under any name",
        "a document type with laughs",
        "a password",
    ],
)
def test_a_file_that_is_not_read_is_told_why_beside_the_field(office: Office, name: str) -> None:
    code, make = HOSTILE[name]
    answered = office.send(make())
    assert answered.status_code == 422
    page = answered.get_data(as_text=True)
    assert f"({code})" in page and 'aria-invalid="true"' in page
    kept = (
        list(office.context.settings.kit_returns_folder.glob("*"))
        if office.context.settings.kit_returns_folder.exists()
        else []
    )
    assert kept == []


def test_no_file_and_one_that_is_too_large(office: Office) -> None:
    assert office.post(f"/responses/{office.world.response_id}/workbooks/return").status_code == 422
    large = office.send(bytes(10 * 1024 * 1024 + 1))
    assert (large.status_code, "(too_large)" in large.get_data(as_text=True)) == (413, True)
    large.request.environ["wsgi.input"].close()


def test_another_states_workbook_is_refused_with_the_two_names(office: Office) -> None:
    content = office.kit()
    other = office.browser(office.world.other_focal_point)
    path = f"/responses/{office.world.other_response_id}/workbooks/return"
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', other.get(path).get_data(as_text=True))
    assert token
    answered = other.post(path, data={"csrf_token": token[1], "file": (BytesIO(content), "kit.xlsx")})
    page = answered.get_data(as_text=True)
    assert answered.status_code == 409
    assert "Aldovia" in page and "Borduria" in page and "First words" not in page


def test_only_whoever_may_edit_sees_any_of_it(office: Office) -> None:
    sent = office.send(filled(office.kit(), {"op2.narrative//text": "From the file"}))
    for person, status in (
        (office.world.other_focal_point, 404),
        (office.world.officer, 403),
        (office.world.observer, 403),
    ):
        client = office.browser(person)
        for path in (sent.location, f"{sent.location}/result.csv"):
            answered = client.get(path)
            assert answered.status_code == status, (person, path)
            assert "From the file" not in answered.get_data(as_text=True)
    other = office.browser(office.world.other_focal_point)
    return_id = sent.location.rpartition("/")[2]
    assert other.get(f"/responses/{office.world.other_response_id}/workbooks/returns/{return_id}").status_code == 404
    assert office.browser(office.world.contributor).get(sent.location).status_code == 200


def test_the_result_as_a_file_names_every_cell_and_no_formula(office: Office) -> None:
    sent = office.send(filled(office.kit(), {"op2.narrative//text": "New", "op2.status_law": "=1+1"}))
    answered = office.client.get(f"{sent.location}/result.csv")
    assert answered.data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(StringIO(answered.data.decode("utf-8-sig"))))
    assert [(row["item_id"], row["result"], row["code"]) for row in rows] == [
        ("op2.narrative", "Filled in", ""),
        ("op2.status_law", "Cannot be read", "XL-101"),
    ]  # fmt: skip
    assert not any(cell.startswith("=") for row in rows for cell in row.values())


def test_the_file_is_kept_for_its_owner_alone(office: Office) -> None:
    office.send(office.kit())
    (kept,) = office.context.settings.kit_returns_folder.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_new_workbook_says_beside_every_answer_what_came_of_it_and_can_be_sent_again(office: Office) -> None:
    content = changed(
        filled(
            office.kit(), {"op2.narrative//text": "New", "op2.budget//amount": "1,234", "op2.laws/+1/title": "A law"}
        ),
        lambda book: book.create_sheet("Our notes").append(["words"]),
    )
    sent = office.send(content)
    office.post(sent.location, {"take:op2.narrative": "file"})
    given = office.post(f"{sent.location}/workbook")
    assert given.status_code == 200
    book = openpyxl.load_workbook(BytesIO(given.data))

    def beside(cell_id: str) -> str:
        cell = cell_of(book, cell_id)
        return str(cell.parent.cell(cell.row, cell.parent.max_column).value or "")

    assert beside("op2.narrative//text") == "Taken over"
    assert beside("op2.budget//amount").startswith("Cannot be read\nP2!E") and "XL-103" in beside("op2.budget//amount")
    assert beside("op2.status_law") == "Not changed in the workbook"
    assert any("Filled in" in str(cell.value) for row in book["T2"].iter_rows() for cell in row)
    assert cell_of(book, "op2.budget//amount").value == "1,234"
    assert [cell.value for cell in book["Result"]["A"] if cell.value] == [
        "Import result",
        "Sheets that were not read",
        "Our notes",
    ]
    again = office.send(filled(given.data, {"op2.budget//amount": "1234", "op2.budget//currency": "CHF"}))
    page = office.client.get(again.location).get_data(as_text=True)
    assert re.search(r'name="take:op2.budget" value="file" checked', page) and re.search(
        r'name="take:op2.laws" value="file" checked', page
    )
    assert (
        'id="item-op2.narrative"' not in page
        and "Columns that were not read" not in page
        and "Sheets that were not read" not in page
    )
