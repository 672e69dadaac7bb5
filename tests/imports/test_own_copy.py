"""A State's own copy as JSON: read strictly, compared item by item, stored only where it was ticked."""

from __future__ import annotations

import io
import json
import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlmodel import col, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import stream_encode_multipart

from imports.own_copy import LARGEST, UnreadableCopy, read_own_copy
from instruments.catalog import canonical_json, load_instrument
from models.responses import NationalResponse, Revision
from models.submissions import Submission
from services.receipts import receipt_file
from tests.builders import csrf_token
from tests.exports.builders import sealed_document
from tests.services.test_earlier_answers import BEFORE, next_version, text
from tests.views.test_earlier import Site, make_site

INSTRUMENT = load_instrument()


def copy_of(values: dict[str, Any] | None = None, state: str = "XAA", **given: Any) -> dict[str, Any]:
    return sealed_document(INSTRUMENT, state, BEFORE if values is None else values, **given)


def data_of(document: Any) -> bytes:
    return canonical_json(document).encode()


@pytest.fixture
def site(app: Flask) -> Site:
    return make_site(app)


def send(site: Site, data: bytes, user_id: int = 0, name: str = "copy.json") -> Any:
    client = site.browser(user_id or site.world.focal_point)
    token = csrf_token(client, site.address("/own-copy"))
    given = {"csrf_token": token, "file": FileStorage(io.BytesIO(data), filename=name)}
    # Without a temporary file of the test client's own, which nobody would close.
    stream, length, boundary = stream_encode_multipart(given, use_tempfile=False)
    return client.post(
        site.address("/own-copy"), input_stream=stream, content_length=length,
        content_type=f'multipart/form-data; boundary="{boundary}"',
    )  # fmt: skip


def picks(page: str) -> dict[str, bool]:
    """The boxes of the preview: whether each is ticked."""
    return {value: "checked" in rest for value, rest in re.findall(r'name="pick" value="([^"]+)"([^>]*)>', page)}


def store(site: Site, page: str, chosen: list[str]) -> Any:
    client = site.browser(site.world.focal_point)
    token = csrf_token(client, site.address("/own-copy"))
    (document,) = re.findall(r'name="document" value="([^"]*)"', page)
    return client.post(
        site.address("/own-copy/apply"), data={"csrf_token": token, "document": unescape(document), "pick": chosen},
        follow_redirects=True,
    )  # fmt: skip


def fill(site: Site, item_id: str, words: str) -> None:
    site.post(
        {f"base:{item_id}": "0", f"{item_id}-text": words, f"{item_id}-language": "en"}, "/questions/op4"
    )  # fmt: skip


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_copy_is_previewed_and_only_what_is_ticked_is_stored(site: Site, wrapped: bool) -> None:
    data = data_of(copy_of())
    if wrapped:
        data = receipt_file("{}", "signature", data.decode()).encode()
    fill(site, "op4.narrative", "Mine")
    page = send(site, data).get_data(as_text=True)
    boxes = picks(page)
    assert boxes.pop("op4.narrative@1") is False
    assert set(boxes) == {f"{item_id}@0" for item_id in BEFORE if item_id not in {"op4.narrative", "op4.evidence"}}
    assert all(boxes.values())
    assert "Files stay with the round they were given in" in page
    assert set(site.opened().values) == {"op4.narrative"}
    after = store(site, page, [next(iter(boxes)), "op4.narrative@1"]).get_data(as_text=True)
    assert "2 answers were stored from the copy." in after
    opened = site.opened()
    assert set(opened.values) == {"op4.narrative", next(iter(boxes)).partition("@")[0]}
    assert opened.values["op4.narrative"] == text("Begun in 2024")
    with site.app.extensions["tracker"].database.reading() as session:
        assert [one.channel for one in session.exec(select(Revision).order_by(col(Revision.seq)))] == [
            "web",
            "import",
            "import",
        ]


def test_the_document_that_the_receipt_page_gives_comes_back_without_a_change(site: Site) -> None:
    site.post({"take": "all"})
    with site.app.extensions["tracker"].database.reading() as session:
        (document,) = [
            one.document for one in session.exec(select(Submission)) if one.number.startswith("XAA")
        ]  # fmt: skip
    page = send(site, document.encode()).get_data(as_text=True)
    assert picks(page) == {}
    assert f"{len(BEFORE) - 1} answers are the same." in page


def test_what_was_changed_in_a_copy_of_this_round_is_an_update_and_what_was_changed_here_too_is_a_choice(
    site: Site,
) -> None:
    for words in ("One", "Two"):
        fill_on = {"One": "0", "Two": "1"}[words]
        site.post(
            {"base:op4.narrative": fill_on, "op4.narrative-text": words, "op4.narrative-language": "en"}, "/questions/op4"
        )  # fmt: skip
    document = copy_of({"op4.narrative": text("Edited in the copy")}, cycle_id=site.world.cycle_id)
    assert document["answers"]["op4.narrative"]["version"] == 2
    assert picks(send(site, data_of(document)).get_data(as_text=True)) == {"op4.narrative@2": True}
    document["answers"]["op4.narrative"]["version"] = 1
    assert picks(send(site, data_of(document)).get_data(as_text=True)) == {"op4.narrative@2": False}


def test_an_answer_changed_between_preview_and_choice_is_not_replaced(site: Site) -> None:
    page = send(site, data_of(copy_of({"op4.narrative": text("Copy")}))).get_data(as_text=True)
    fill(site, "op4.narrative", "Colleague")
    after = store(site, page, ["op4.narrative@0"]).get_data(as_text=True)
    assert "1 answer was not stored" in after
    assert site.opened().values["op4.narrative"] == text("Colleague")


def test_a_copy_of_an_earlier_version_is_followed_by_the_crosswalk(app: Flask) -> None:
    site = make_site(app, next_version())
    page = send(site, data_of(copy_of())).get_data(as_text=True)
    assert "op4.account@0" in picks(page) and "op4.narrative@0" not in picks(page)
    assert "It is not asked any more." in page and "It is asked in another form now." in page


def test_a_copy_of_another_state_is_refused_with_both_names(site: Site) -> None:
    answered = send(site, data_of(copy_of({"op4.narrative": text("BORDURIA-SECRET")}, "XAB")))
    page = answered.get_data(as_text=True)
    assert answered.status_code == 422
    assert "Borduria" in page and "Aldovia" in page and "(other_state)" in page
    assert "BORDURIA-SECRET" not in page
    assert "(other_state)" in send(site, data_of(copy_of(state="ZZZ"))).get_data(as_text=True)


def test_a_questionnaire_that_is_not_known_is_refused(site: Site) -> None:
    document = copy_of()
    document["instrument"]["sha256"] = "0" * 64
    answered = send(site, data_of(document))
    assert answered.status_code == 422 and "(unknown_questionnaire)" in answered.get_data(as_text=True)


def broken(**changes: Any) -> bytes:
    return data_of({**copy_of(), **changes})


DEEP: Any = "x"
for _level in range(40):
    DEEP = [DEEP]

REFUSED = [
    pytest.param(b"", "no_file", id="empty"),
    pytest.param(b" " * (LARGEST + 1), "too_large", id="large"),
    pytest.param(b"PK\x03\x04", "not_json", id="a workbook"),
    pytest.param(b"\xff\xfe{}", "not_json", id="another encoding"),
    pytest.param(b'{"format": NaN}', "not_json", id="no number"),
    pytest.param(b'{"format": 1, "format": 2}', "not_json", id="a key twice"),
    pytest.param(b"[" * 100_000, "too_deep", id="nested"),
    pytest.param(b'{"a": ' + b"9" * 5000 + b"}", "not_json", id="a number of 5000 digits"),
    pytest.param(b"[]", "not_own_copy", id="a list"),
    pytest.param(b"{}", "not_own_copy", id="an object"),
    pytest.param(b'{"about": {}, "issues": [], "facts": []}', "exported_answers", id="an export"),
    pytest.param(b'{"receipt": "{}", "document": "[["}', "not_json", id="a receipt around nothing"),
    pytest.param(broken(format="implementation-tracker/submission/2"), "not_own_copy", id="another format"),
    pytest.param(broken(answers={"op4.narrative": {"version": "1", "value": 1}}), "not_own_copy", id="a version in words"),
    pytest.param(broken(answers={"op4.narrative": {"version": 1, "value": DEEP}}), "too_deep", id="a deep value"),
    pytest.param(broken(answers={"op4.narrative": {"version": 1, "value": "x" * 100_001}}), "not_own_copy", id="a long text"),
    pytest.param(broken(answers={"op4.laws": {"version": 1, "value": [1] * 1_001}}), "not_own_copy", id="a long list"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "code"), REFUSED)
def test_a_file_that_is_no_copy_is_refused_with_a_code(data: bytes, code: str) -> None:
    with pytest.raises(UnreadableCopy) as refused:
        read_own_copy(data)
    assert refused.value.code == code


def test_the_page_says_why_beside_the_field_and_in_the_summary(site: Site) -> None:
    answered = send(site, b"{}")
    page = answered.get_data(as_text=True)
    assert answered.status_code == 422
    assert "(not_own_copy)" in page and 'aria-invalid="true"' in page and page.count("was damaged on the way") == 2
    assert send(site, b" " * (LARGEST + 1)).status_code == 413


def test_values_that_are_no_answers_are_listed_and_break_nothing(site: Site) -> None:
    document = copy_of({"op4.narrative": text("Good")})
    document["answers"] |= {
        "op4.status_practice": {"version": 1, "value": "excellent"}, "op4.laws": {"version": 1, "value": [{"title": "x"}]},
        "op17.national_budget": {"version": 1, "value": {"amount": "1E+5000", "currency": "USD"}},
        "op13d.narrative": {"version": 1, "value": {"text": "x", "language": "tlh"}},
        "op5.narrative": {"version": 1, "value": 7}, "op99.narrative": {"version": 1, "value": "x"},
        "op4.attempt": {"version": 1, "value": ["yes"]},
    }  # fmt: skip
    answered = send(site, data_of(document))
    page = answered.get_data(as_text=True)
    assert answered.status_code == 200
    assert picks(page) == {"op4.narrative@0": True}
    assert page.count("It is not an answer of this kind.") == 6
    assert "op99.narrative" in page


def test_control_characters_of_a_copy_are_taken_out_as_a_form_takes_them_out() -> None:
    document = copy_of()
    document["answers"] = {"op4.narrative": {"version": 1, "value": {"text": "a\u0000b\r\nc", "language": "en"}}}
    received = read_own_copy(json.dumps(document).encode())
    assert received.answers["op4.narrative"] == (1, {"text": "ab\nc", "language": "en"})


def test_who_may_and_who_may_not(site: Site) -> None:
    site.app.config["WTF_CSRF_ENABLED"] = False
    for user_id, status in (
        (site.world.contributor, 200), (site.world.observer, 403), (site.world.other_focal_point, 404), (site.world.officer, 403),
    ):  # fmt: skip
        client = site.browser(user_id)
        assert client.get(site.address("/own-copy")).status_code == status
        for path in ("/own-copy", "/own-copy/apply"):
            found = client.post(site.address(path), data={"document": data_of(copy_of()).decode()}).status_code
            assert found in {status, 422, 303} if status == 200 else found == status


def test_after_the_submission_nothing_is_stored(site: Site) -> None:
    page = send(site, data_of(copy_of())).get_data(as_text=True)

    def act(session: Any) -> None:
        session.get_one(NationalResponse, site.world.response_id).clearance = "submitted"

    site.change(act)
    assert store(site, page, ["op4.narrative@0"]).status_code == 423
    assert send(site, data_of(copy_of())).status_code == 423
    assert site.opened().values == {}
