"""A page and a save against their lower bounds, CPU per request, in one run."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from jinja2 import Environment
from werkzeug.datastructures import MultiDict

from models.base import utc_now
from models.responses import Answer
from models.schema import upgrade

ROUNDS = 7
CALLS = 25


def cpu(call: Callable[[], object]) -> float:
    """Seconds of processor time of one call: the median of several rounds."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(CALLS):
            call()
        rounds.append((time.process_time() - start) / CALLS)
    return statistics.median(rounds)


def run() -> Iterator[tuple[str, float, str]]:
    """(what, ratio, target) of the question page and of a save."""
    from instruments.values import Narrative
    from tests.builders import actor_for, answer, make_world, sign_in
    from tests.conftest import make_app

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "instance"
        path.mkdir(mode=0o700)
        app = make_app(f"sqlite:///{path / 'tracker.db'}", path)
        database = app.extensions["tracker"].database
        upgrade(database)
        with database.transaction() as session:
            world = make_world(session)
        with database.transaction() as session:
            from models.people import User
            from models.responses import NationalResponse

            person = session.get_one(User, world.focal_point)
            actor = actor_for(person, session.get_one(NationalResponse, world.response_id))
            answer(session, actor, world.response_id, {
                "op13d.narrative": Narrative(text="How it is done. " * 60, language="en"),
                "op13d.status_practice": "partially_implemented",
            })  # fmt: skip
        client = app.test_client()
        sign_in(client, person)
        app.config["WTF_CSRF_ENABLED"] = False
        address = f"/responses/{world.response_id}/questions/op13d"
        body = client.get(address).get_data(as_text=True)
        page = cpu(lambda: client.get(address))
        bare = _jinja_app(body)
        jinja = cpu(lambda: bare.get("/"))
        yield f"question page ({len(body) // 1024} KB) / Jinja page of its size", page / jinja, "<= 3.5"

        turn = iter(range(10_000_000))

        def save() -> None:
            number = next(turn)
            posted = MultiDict({
                "base:op13d.narrative": str(number + 1), "op13d.narrative-text": f"text {number}", "op13d.narrative-language": "en",
            })  # fmt: skip
            answered = client.post(f"{address}/autosave", data=posted, headers={"Accept": "application/json"})
            assert answered.status_code == 200, answered.status_code

        def commit() -> None:
            with database.transaction() as session:
                row = session.get_one(Answer, (world.response_id, "op13d.narrative"))
                row.updated_at = utc_now()
                session.add(row)

        saved = cpu(save)
        yield "save over HTTP, validated, chained / bare ORM commit", saved / cpu(commit), "measured"
        database.close()


def _jinja_app(body: str) -> FlaskClient:
    """A bare Flask application that prints a page of the same size from rows, as an ordinary template does."""
    app = Flask("bare")
    pieces = [{"name": f"field-{number}", "label": body[start : start + 40], "value": body[start : start + 60]}
              for number, start in enumerate(range(0, len(body), 180))]  # fmt: skip
    template = Environment(autoescape=True).from_string(
        "<!doctype html><title>x</title>{% for row in rows %}<div class='field'><label for='{{ row.name }}'>{{ row.label }}</label>"
        "<input id='{{ row.name }}' name='{{ row.name }}' value='{{ row.value }}'></div>{% endfor %}"
    )
    app.add_url_rule("/", "page", lambda: template.render(rows=pieces))
    return app.test_client()
