"""Publishing an instrument: its document goes into the database once and is never changed after anybody may have seen it."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, select

from instruments.catalog import sha256_of
from models.base import utc_now
from models.cycles import InstrumentVersion
from models.people import User
from services.audit import record


class PublishedVersionChanged(Exception):
    """The files of a published version differ from what was published."""


def publish(session: Session, document: dict[str, Any], *, may_replace: bool = False) -> InstrumentVersion:
    """The published version of a checked document; published now unless it already is.

    `may_replace` lets a changed document take the place of the published one: for rehearsals, and before the first account
    exists, when nobody can have seen it. Raises PublishedVersionChanged otherwise.
    """
    structure, digest = document["structure"], sha256_of(document)
    name, version = structure["instrument"], structure["version"]
    published = session.exec(
        select(InstrumentVersion).where(InstrumentVersion.instrument == name, InstrumentVersion.version == version)
    ).one_or_none()
    if published is None:
        published = InstrumentVersion(instrument=name, version=version, sha256=digest, document=document)
        event = "instrument_published"
    elif published.sha256 == digest:
        return published
    elif may_replace:
        published.sha256, published.document, published.published_at = digest, document, utc_now()
        event = "instrument_replaced"
    else:
        following = next_version(session, name)
        raise PublishedVersionChanged(
            f"The files of {name} version {version} differ from what was published as version {version} "
            f"(published {published.sha256[:12]}, files {digest[:12]}). A published version never changes; nothing was "
            f"published. Remedy: give the next version number in a folder of its own: copy the folder to one named "
            f"{following} beside it, write version: '{following}' in its instrument.yaml, put the files here back as they "
            f"were, then check and publish the folder {following}."
        )
    session.add(published)
    record(session, event, instrument=name, version=version, sha256=digest)
    session.flush()
    return published


def next_version(session: Session, instrument: str) -> str:
    """The number after the highest version of an instrument that is published here."""
    published = session.exec(select(InstrumentVersion.version).where(InstrumentVersion.instrument == instrument))
    return str(max((int(version) for version in published if version.isdecimal()), default=0) + 1)


def has_accounts(session: Session) -> bool:
    """Whether anybody has an account yet, and so may have seen what is published."""
    return session.exec(select(User.id).limit(1)).first() is not None
