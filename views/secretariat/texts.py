"""How far each language of the published questionnaire is, said plainly: what is missing, and what no person has reviewed."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask_babel import gettext as _

from instruments.translation import published_counts, read_reviews
from services.instruments import get_instrument
from services.permissions import Permission
from views.context import reading
from views.policy import needs
from views.secretariat.common import chosen_cycle, questionnaire_name, secretariat

MOST_NAMED = 100
"""Missing texts that are named for one language."""


@secretariat.get("/texts")
@needs(Permission.CYCLE_READ)
def texts() -> Any:
    """The languages of the questionnaire of the newest round. A text counts as reviewed only where the text files say so."""
    with reading() as db:
        cycle = chosen_cycle(db)
        if cycle is None:
            return render_template("secretariat/no_cycle.html")
        instrument = get_instrument(db, cycle.instrument_version_id)
        questionnaire = questionnaire_name(db, cycle.instrument_version_id)
    counts = published_counts(instrument, read_reviews())
    return render_template(
        "secretariat/texts.html", counts=counts, questionnaire=questionnaire, source_language=instrument.source_language,
        reviewed=sum(entry.reviewed for entry in counts.values()), most_named=MOST_NAMED, context_line=(_("Secretariat"), ""),
    )  # fmt: skip
