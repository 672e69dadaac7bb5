"""Published instruments, fetched by their row and kept in memory: they never change."""

from __future__ import annotations

import json
from functools import lru_cache

from sqlmodel import Session

from instruments.catalog import canonical_json, sha256_of
from instruments.schema import Instrument, build_instrument
from models.cycles import InstrumentVersion

_BUILT: dict[str, Instrument] = {}


def get_instrument(session: Session, instrument_version_id: str) -> Instrument:
    """The published instrument of a row id. Raises LookupError for an unknown id."""
    if instrument_version_id not in _BUILT:
        row = session.get(InstrumentVersion, instrument_version_id)
        if row is None:
            raise LookupError(instrument_version_id)
        _BUILT[instrument_version_id] = _build(row.sha256, canonical_json(row.document))
    return _BUILT[instrument_version_id]


@lru_cache(maxsize=16)
def _build(sha256: str, document_text: str) -> Instrument:
    document = json.loads(document_text)
    if sha256_of(document) != sha256:
        raise ValueError(f"the published instrument {sha256} was altered in the database")
    return build_instrument(document, sha256)
