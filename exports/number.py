"""The export number: twelve hex digits that name what a workbook was made from, on its cover, pages, file name and record."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from exports.cells import clean
from instruments.catalog import canonical_json

DIGITS = 12


def export_number(
    *,
    parameters: dict[str, Any],
    cycle: str,
    instrument_sha256: str,
    facts_sha256: str,
    submissions_sha256: str,
    as_at: datetime,
    contract_version: int,
    rehearsal: bool,
) -> str:
    """The first digits of the SHA-256 of the canonical JSON of what is given. All of it stands on the cover."""
    stated = {
        "parameters": parameters, "cycle": cycle, "instrument_sha256": instrument_sha256, "facts_sha256": facts_sha256,
        "submissions_sha256": submissions_sha256, "as_at": as_at.isoformat(), "contract_version": contract_version,
        "rehearsal": rehearsal,
    }  # fmt: skip
    # Cleaned as the cover is, so that it can be computed again from the cover.
    return hashlib.sha256(clean(canonical_json(stated))[0].encode()).hexdigest()[:DIGITS]
