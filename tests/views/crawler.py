"""Ask every address as every role with every kind of id, and look for words that this role must never see."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

SKIPPED_METHODS = {"OPTIONS", "HEAD"}
ENDING = {"security.logout"}
"""Endpoints that end the session of the one who asks; asked by nobody during a crawl."""


@dataclass(frozen=True, slots=True)
class Role:
    """Somebody who asks: how their browser is made, and the words they must never be shown."""

    name: str
    client: Callable[[], FlaskClient]
    forbidden: tuple[str, ...]


@dataclass
class Report:
    """What a crawl did and found."""

    requests: int = 0
    leaks: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def decoded(body: bytes) -> Iterator[str]:
    """The body as text, its zip members, and what base64 or percent signs may hide in it."""
    text = body.decode("utf-8", "replace")
    yield text
    yield unquote(text)
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            for name in archive.namelist():
                yield name
                yield archive.read(name).decode("utf-8", "replace")
    for word in text.replace('"', " ").replace("<", " ").replace(">", " ").split():
        if len(word) >= 12 and len(word) % 4 == 0:
            try:
                yield base64.b64decode(word, validate=True).decode("utf-8", "replace")
            except ValueError:
                continue


def addresses(rule: Rule, values: dict[str, tuple[object, ...]]) -> Iterator[str]:
    """The addresses of a rule with every combination of the values given for its arguments."""
    names = sorted(rule.arguments)
    combinations: list[dict[str, object]] = [{}]
    for name in names:
        combinations = [{**known, name: value} for known in combinations for value in values.get(name, ("unknown",))]
    for known in combinations:
        built = rule.build({name: str(value) for name, value in known.items()}, append_unknown=False)
        if built is not None:
            yield built[1]


def crawl(app: Flask, roles: list[Role], values: dict[str, tuple[object, ...]]) -> Report:
    """Every rule, method, role and id. Posts carry a CSRF-free empty form and a JSON body; neither may show or break anything."""
    report = Report()
    for role in roles:
        client = role.client()
        for rule in app.url_map.iter_rules():
            if rule.endpoint in ENDING or rule.endpoint == "static":
                continue
            for address in addresses(rule, values):
                for method in sorted((rule.methods or set()) - SKIPPED_METHODS):
                    ask(client, role, method, address, report)
    return report


def ask(client: FlaskClient, role: Role, method: str, address: str, report: Report) -> None:
    """Ask once and note what was wrong with the answer."""
    answer = client.open(address, method=method, data={} if method == "POST" else None)
    report.requests += 1
    if answer.status_code >= 500:
        report.failures.append(f"{role.name} {method} {address}: {answer.status_code}")
    heads = " ".join(f"{name}: {value}" for name, value in answer.headers)
    for text in (*decoded(answer.data), *decoded(heads.encode())):
        for word in role.forbidden:
            if word in text:
                report.leaks.append(f"{role.name} {method} {address}: {word}")
    answer.close()
