"""Where every State stands in a round, and the list of reporting States."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_babel import gettext as _

from models.base import utc_now
from models.collation import sort_key
from models.queries import list_cycles, list_responses, list_states
from models.states import PARTY_STATUSES, REGIONS
from services.permissions import Permission
from services.responses import state_name
from services.secretariat import matches, read_board
from views.context import reading
from views.deadlines import deadline_words
from views.policy import needs
from views.secretariat.common import (
    chosen_cycle,
    cycle_frame,
    kind_names,
    language,
    party_names,
    questionnaire_name,
    read_filter,
    region_names,
    secretariat,
)


@secretariat.get("")
@needs(Permission.CYCLE_READ)
def dashboard() -> Any:
    """Coverage by regional group, and every State with its stage and progress. Of a draft, progress only."""
    shown = read_filter()
    with reading() as db:
        cycle = chosen_cycle(db)
        if cycle is None:
            return render_template("secretariat/no_cycle.html")
        board = read_board(db, cycle, language())
    groups = board.by_region(shown)
    return render_template(
        "secretariat/dashboard.html", **cycle_frame(cycle), board=board, shown=shown, groups=groups,
        shown_count=sum(len(entries) for _region, entries in groups),
        asking=[entry for entry in board.standings if "reopening" in entry.flags],
    )  # fmt: skip


@secretariat.get("/cycles")
@needs(Permission.CYCLE_READ)
def cycles() -> Any:
    """All rounds of reporting."""
    with reading() as db:
        rows = [(cycle, questionnaire_name(db, cycle.instrument_version_id)) for cycle in list_cycles(db)]
    return render_template(
        "secretariat/cycles.html",
        rows=rows,
        deadline_words=deadline_words,
        now=utc_now(),
        context_line=(_("Secretariat"), ""),
    )


@secretariat.get("/states")
@needs(Permission.CYCLE_READ)
def states() -> Any:
    """The reporting States with their groups and their party status, with its source and date."""
    words = request.args.get("q", "")[:100]
    region = request.args.get("region", "") if request.args.get("region") in REGIONS else ""
    party = request.args.get("party", "") if request.args.get("party") in PARTY_STATUSES else ""
    with reading() as db:
        rows = list_states(db)
        cycle = chosen_cycle(db)
        response_ids = {state.id: response.id for response, state in list_responses(db, cycle.id)} if cycle else {}
    named = sorted(
        ((state_name(state.names, language()), state) for state in rows),
        key=lambda entry: (sort_key(entry[0], language()), entry[1].id),
    )
    groups = []
    for code in REGIONS:
        entries = [
            (name, state) for name, state in named
            if state.region == code and region in ("", code) and party in ("", state.party_status) and matches(state, words)
        ]  # fmt: skip
        if entries:
            groups.append((code, entries))
    return render_template(
        "secretariat/states.html", groups=groups, total=len(rows), shown_count=sum(len(entries) for _code, entries in groups),
        q=words, region=region, party=party, regions=region_names(), parties=party_names(), kinds=kind_names(),
        counts={code: sum(state.party_status == code for state in rows) for code in PARTY_STATUSES}, cycle=cycle,
        response_ids=response_ids,
        context_line=(_("Secretariat"), ""),
    )  # fmt: skip
