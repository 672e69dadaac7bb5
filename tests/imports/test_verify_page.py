"""The page that verifies a workbook: for officers, without a script, with every difference by sheet and row."""

from __future__ import annotations

import os
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import stream_encode_multipart

from tests.builders import csrf_token, make_user, sign_in
from tests.imports.changes import CELLS
from tests.imports.workbooks import FEW, altered, by_hand, exported, make_verified_world

PATH = "/exports/verify"


@pytest.fixture
def data(app: Flask, client: FlaskClient) -> bytes:
    """An officer is signed in; a workbook was exported."""
    database = app.extensions["tracker"].database
    with database.transaction() as session:
        make_verified_world(session)
        user = make_user(session, "officer@secretariat.example", officer=True)
    sign_in(client, user)
    return exported(database, FEW)


def send(client: FlaskClient, content: bytes | None, name: str = "report.xlsx") -> tuple[int, str]:
    token = csrf_token(client, PATH)
    given: dict[str, Any] = {"csrf_token": token}
    if content is not None:
        given["file"] = FileStorage(BytesIO(content), filename=name)
    # Not by the client, which would leave a large post to a temporary file that nobody closes.
    stream, length, boundary = stream_encode_multipart(given, use_tempfile=False)
    answer = client.post(
        PATH, input_stream=stream, content_length=length, content_type=f'multipart/form-data; boundary="{boundary}"'
    )
    return answer.status_code, answer.get_data(as_text=True)


def test_what_was_exported_agrees_and_the_page_says_what_was_checked(client: FlaskClient, data: bytes) -> None:
    status, page = send(client, data, "تقرير.xlsx")
    assert status == 200
    assert "Everything that was checked agrees" in page
    assert "تقرير.xlsx" in page
    for words in (
        "Every fact, against the answers that States submitted",
        "Every other cell, against the same workbook",
        "First round",
    ):
        assert words in page
    assert "What differs" not in page


def test_each_difference_stands_with_sheet_row_state_and_item(client: FlaskClient, data: bytes) -> None:
    where: list[tuple[str, int]] = []
    status, page = send(client, altered(data, lambda book: where.append(CELLS["a status"][1](book))))
    assert status == 200
    assert "2 differences" in page  # the fact, and the fingerprint that no longer fits
    ((sheet, row),) = where
    assert f'<bdi translate="no">{sheet}</bdi></th><td class="n fit">{row}</td><td><bdi>XAA</bdi>' in page
    assert "the State submitted “\u2068partially_implemented\u2069”" in page


def test_the_words_of_a_file_cannot_become_markup(client: FlaskClient, data: bytes) -> None:
    def write(book: Any) -> None:
        book["Cover"]["B3"].value = "<script>alert(1)</script>"
        book.create_sheet("<b>x")

    status, page = send(client, altered(data, write), "<i>.xlsx")
    assert status == 200
    assert "<script>alert" not in page and "<b>x" not in page and "<i>.xlsx" not in page
    assert "&lt;b&gt;x" in page


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (None, 422, "no_file"), (b"State;status\n", 422, "not_a_workbook"), (by_hand(), 422, "not_an_export"),
        (by_hand(parts={"xl/vbaProject.bin": b"x"}), 422, "macros"), (by_hand()[:500], 422, "damaged"),
        (by_hand(parts={"noise.bin": os.urandom(11 << 20)}), 413, "too_large"),
    ],
)  # fmt: skip
def test_what_is_no_export_is_refused_beside_its_field_with_a_code(
    client: FlaskClient, data: bytes, content: bytes | None, status: int, code: str
) -> None:
    found, page = send(client, content)
    assert found == status
    assert f"({code})" in page
    assert 'aria-invalid="true"' in page and 'role="alert"' in page
    assert client.get(PATH).status_code == 200  # nothing has happened to the server


def test_only_an_officer_with_a_page_of_this_session_may_ask(app: Flask, client: FlaskClient, data: bytes) -> None:
    assert client.post(PATH, data={"file": (BytesIO(by_hand()), "a.xlsx")}).status_code == 419
    with app.extensions["tracker"].database.transaction() as session:
        person = make_user(session, "person@ministry.example")
    other = app.test_client()
    assert other.get(PATH).status_code == 302
    sign_in(other, person)
    assert other.get(PATH).status_code == 403
