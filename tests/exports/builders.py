"""Sealed submissions for the workbook: any answers, sealed as the application seals them, without a browser."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

from sqlmodel import Session

from exports.settings import ExportSettings
from exports.source import Documents, ExportSource
from exports.workbook import write_workbook
from instruments.catalog import canonical_json, load_instrument
from instruments.items import Item
from instruments.items.base import ChoiceList
from instruments.routing import asked_item_ids
from instruments.schema import Instrument
from models.cycles import Cycle
from models.export_queries import CycleRecord, SealRecord, StateRecord
from models.responses import NationalResponse
from models.submissions import Submission
from tests.builders import make_cycle, make_response, make_state, make_user

SEALED_AT = datetime(2026, 6, 30, 14, 2, 5, tzinfo=UTC)


def sealed_document(
    instrument: Instrument, state_id: str, values: Mapping[str, Any], *, cycle_id: str = "cycle", round_: int = 1,
    kind: str = "member_state",
) -> dict[str, Any]:  # fmt: skip
    """The document of a submission with these typed values; what the conditions do not ask is left out, as when sealing."""
    facts = {"party_status": "unknown", "kind": kind}
    asked = asked_item_ids(instrument, values, facts)
    return {
        "format": "implementation-tracker/submission/1", "number": f"{state_id}-2026-00000000-{round_}", "state": state_id,
        "cycle": cycle_id, "round": round_, "submitted_at": SEALED_AT.isoformat(timespec="microseconds"),
        "instrument": {"id": instrument.instrument, "version": instrument.version, "sha256": instrument.sha256},
        "declaration": {"name": "A. Person", "title": "Focal point"}, "facts": facts, "seq": 3, "head_hash": "",
        "asked": [item_id for item_id in instrument.items if item_id in asked],
        "answers": {
            item_id: {"version": 2, "value": instrument.items[item_id].dump(values[item_id])}
            for item_id in instrument.items if item_id in asked and values.get(item_id) is not None
        },
        "visibility": dict.fromkeys(instrument.questions, "secretariat"),
        "anyway_reason": "", "findings": [], "late": False,
    }  # fmt: skip


def seal(
    session: Session,
    response: NationalResponse,
    values: Mapping[str, Any],
    *,
    round_: int = 1,
    user_id: int | None = None,
    instrument: Instrument | None = None,
    visibility: Mapping[str, str] | None = None,
) -> Submission:
    """Store a submission of the response with these values, and mark the response as submitted.

    Without an `instrument` it answers the shipped one; `visibility` is of the questions that are not for the secretariat only.
    """
    known = instrument or load_instrument()
    document = sealed_document(known, response.state_id, values, cycle_id=response.cycle_id, round_=round_)
    document["number"] = f"{response.state_id}-2026-{response.id[:8]}-{round_}"
    document["visibility"] |= visibility or {}
    text = canonical_json(document)
    submission = Submission(
        number=document["number"], national_response_id=response.id, round=round_, document=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(), receipt="{}", signature="", key_id="k", seq=3, head_hash="",
        declared_name="A. Person", declared_title="Focal point",
        submitted_by=user_id if user_id is not None else make_user(session).id or 0,
        submitted_at=SEALED_AT + timedelta(hours=round_),
    )  # fmt: skip
    session.add(submission)
    response.clearance, response.started_at = "submitted", SEALED_AT - timedelta(days=30)
    response.last_activity_at = submission.submitted_at
    session.add(response)
    session.flush()
    return submission


def make_submitted(
    session: Session, cycle: Cycle, code: str, name: str, values: Mapping[str, Any], **given: Any
) -> Submission:
    """A State with a submission of these values."""
    response = make_response(session, cycle, make_state(session, code, name, **given), answered=3, asked=9)
    return seal(session, response, values)


def make_small_world(session: Session, count: int = 3, seed: int = 1) -> Cycle:
    """A cycle in which `count` fictitious States submitted all kinds of answers and one did not."""
    cycle = make_cycle(session, deadline=datetime(2026, 7, 1, 12, tzinfo=UTC))
    user = make_user(session)
    instrument = load_instrument()
    regions = ("african", "asia_pacific", "eastern_european", "grulac", "weog", "none")
    for number in range(count):
        code = f"X{chr(65 + number // 26 % 26)}{chr(65 + number % 26)}"
        state = make_state(session, code, f"Testland {number:03}", region=regions[number % 6], m49=f"{number:03}")
        response = make_response(session, cycle, state, answered=10, asked=20)
        seal(session, response, random_values(instrument, random.Random(seed + number)), user_id=user.id)
    make_response(session, cycle, make_state(session, "XZZ", "Draftland", region="weog"), answered=1, asked=40)
    session.flush()
    return cycle


WORDS = (
    "المادة 4 من القانون رقم 38 لسنة 2024 تجرّم الاتجار بالأشخاص", "Статья 127.1 Уголовного кодекса", "第六条规定", "l’article 225-4-1",
    "=SUM(A1:A9)", "+44 20", "-5 %", "@home", "007", "1E5", "#N/A", "_x0041_", "tab\tand\nline", "🙂 ok", "<b>&amp;</b>", "  edges  ",
)  # fmt: skip

NUMBERS = (
    0,
    Decimal("1.50"),
    Decimal("-3.25"),
    Decimal("12345678901234.5"),
    Decimal("1234567890.1234567"),
    Decimal("1E+5"),
)


def random_text(rng: random.Random, words: int = 12) -> str:
    """Words of several scripts and some that a spreadsheet would like to change."""
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, words)))


def random_values(instrument: Instrument, rng: random.Random, share: float = 0.8) -> dict[str, Any]:
    """A typed value for most items of the questionnaire, of whatever type each is."""
    found = {}
    for item in instrument.items.values():
        if rng.random() < share:
            value = random_value(item, rng)
            if value is not None:
                found[item.id] = value
    return found


def random_value(item: Item, rng: random.Random, text: str | None = None) -> Any:
    """A value of the item's own type, built from what the type says about itself (its value type, lists, columns)."""
    return _Maker(rng, text).value(item)


class _Maker:
    """Fills a value by the shape of its JSON schema, so that a new item type needs nothing here."""

    def __init__(self, rng: random.Random, text: str | None) -> None:
        self.rng, self.text = rng, text

    def value(self, item: Item) -> Any:
        figures = getattr(item, "figure_lines", None)
        schema = item._adapter.json_schema(mode="validation")
        raw = self._fill(schema, schema.get("$defs", {}), item, "")
        if figures is not None:
            raw["cells"] = {
                line.id: {str(year): str(self.rng.randint(0, 10**6)) for year in (2022, 2023)} for line in figures[:6]
            }
            raw["currency"] = "USD" if any(line.is_money for line in figures) else ""
            raw["provisional"] = ["2023"]
        return item.load(raw)

    def _fill(self, schema: Mapping[str, Any], defs: Mapping[str, Any], item: Item, name: str) -> Any:
        if name in {"refers_to", "source_from"}:
            key = {"refers_to": "op4.laws/aa11", "source_from": "op5.persons"}[name]
            return key if self.rng.random() < 0.3 else None if name == "refers_to" else ""
        if "$ref" in schema:
            return self._fill(defs[schema["$ref"].rpartition("/")[2]], defs, item, name)
        if "anyOf" in schema:
            options = [entry for entry in schema["anyOf"] if entry.get("type") != "null"]
            if len(options) < len(schema["anyOf"]) and self.rng.random() < 0.2:
                return None
            return self._fill(options[0], defs, item, name)
        kind = schema.get("type")
        if kind == "object":
            filled = {key: self._fill(inner, defs, item, key) for key, inner in schema.get("properties", {}).items()}
            if "start" in filled and "end" in filled and isinstance(filled["start"], str):
                filled["start"], filled["end"] = sorted((filled["start"], filled["end"]))
            return filled
        if kind == "array":
            if name in {"codes"}:
                codes = self._list(item, name).codes
                return [code for code in codes if self.rng.random() < 0.5] or [codes[0]]
            return [self._fill(schema["items"], defs, item, name) for _ in range(self.rng.randint(1, 3))]
        if kind == "boolean":
            return self.rng.random() < 0.5
        if kind == "integer":
            return self.rng.choice((0, 7, 2015, 10**12))
        if kind == "number":
            return str(self.rng.choice(NUMBERS))
        if kind == "string":
            return self._string(schema, item, name)
        raise AssertionError(f"{item.item_type}: unknown shape {schema}")

    def _list(self, item: Item, name: str) -> ChoiceList:
        for column in getattr(item, "row_columns", ()):
            if column.id == name and column.choice_list is not None:
                found: ChoiceList = column.choice_list
                return found
        return item.choice_lists()[0]

    def _string(self, schema: Mapping[str, Any], item: Item, name: str) -> str:
        rng = self.rng
        columns = {column.id: column for column in getattr(item, "row_columns", ())}
        if schema.get("format") == "date":
            return (date(1890, 1, 1) + timedelta(days=rng.randint(0, 60_000))).isoformat()
        if name == "row_id":
            return f"{rng.getrandbits(48):012x}"
        if name == "currency":
            return rng.choice(("USD", "EUR", "XOF"))
        coded = (columns and columns[name].choice_list is not None) if name in columns else False
        if coded or (not columns and name in {"", "language"} and item.choice_lists()):
            return rng.choice(self._list(item, name).codes)
        return self.text if self.text is not None else random_text(rng)


def make_source(
    documents: Mapping[str, Mapping[str, Any]], *, settings: ExportSettings | None = None,
    visibility: Mapping[str, str] | None = None, regions: Mapping[str, str] | None = None,
    kinds: Mapping[str, str] | None = None,
) -> ExportSource:  # fmt: skip
    """An export of States with these values, without a database: for properties that are tried many times.

    `visibility` by question stands in every document; questions that it does not name are for the secretariat. States that
    `regions` does not name are African, and those that `kinds` does not name are Member States.
    """
    asked = settings or ExportSettings()
    instrument = load_instrument()
    file = BytesIO()
    kept = Documents(file)
    states = []
    for code, values in documents.items():
        region = (regions or {}).get(code, "african")
        if not asked.accepts(code, region):
            continue
        kind = (kinds or {}).get(code, "member_state")
        document = sealed_document(instrument, code, values, kind=kind)
        if visibility is not None:
            document["visibility"] = {one: visibility.get(one, "secretariat") for one in instrument.questions}
        text = canonical_json(document)
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        kept.put(code, text)
        states.append(
            StateRecord(
                response_id=f"response-{code}", state_id=code, m49="", kind=kind, region=region,
                names={"en": f"Land {code}"}, party_status="unknown", party_since=None, invited_at=None,
                clearance="submitted", deadline=SEALED_AT, is_extended=False, answered=1, asked=2, questions_ready=0,
                started_at=SEALED_AT, last_activity_at=SEALED_AT,
                seal=SealRecord(code, document["number"], 1, digest, SEALED_AT, False),
            )
        )  # fmt: skip
    cycle = CycleRecord("cycle", "A round", "", SEALED_AT, SEALED_AT, "UTC", None)
    return ExportSource(cycle, instrument, tuple(states), kept, asked)


def workbook_bytes(source: ExportSource, language: str = "en", **given: Any) -> bytes:
    """The workbook of a source."""
    target = BytesIO()
    write_workbook(target, source, language, **given)
    return target.getvalue()
