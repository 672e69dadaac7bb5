"""Offline workbooks that came back: the files kept, their rows, and the contents of answers that they are held against."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from sqlmodel import Session, col, select

from models.cycles import Cycle
from models.kits import DISCARDED, UNDONE, Kit, KitReturn
from models.responses import NationalResponse, Revision
from models.states import ReportingState
from services.evidence import write_durably
from services.permissions import NotFound
from services.responses import OpenResponse, state_name

Content = tuple[Any, list[list[str]] | None]


def find_given(session: Session, opened: OpenResponse, kit_id: str) -> Kit | None:
    """The workbook of this response that was given out under this number; None for any other."""
    kit = session.get(Kit, kit_id)
    return kit if kit is not None and kit.national_response_id == opened.response.id else None


def names_of_round(session: Session, response_id: str, language: str) -> tuple[str, ...]:
    """The names of the State and of the round of a response, to say what a signed workbook was made for; empty for none."""
    response = session.get(NationalResponse, response_id)
    if response is None:
        return ()
    names = session.get_one(ReportingState, response.state_id).names
    return state_name(names, language), session.get_one(Cycle, response.cycle_id).title


def may_take_over(opened: OpenResponse, item_id: str) -> bool:
    """Whether the person may change the answer to this item by a workbook: as on its page."""
    return item_id in opened.instrument.items and opened.may_edit(item_id)


def contents_at(session: Session, response_id: str, versions: Mapping[str, int]) -> dict[str, Content]:
    """The answers as they were at these versions, by item id; what never was, or was erased, is left out."""
    wanted = {(item_id, version) for item_id, version in versions.items() if version}
    rows = session.exec(
        select(Revision.item_id, Revision.version, Revision.value, Revision.typed).where(
            Revision.national_response_id == response_id, Revision.kind == "saved"
        )
    )
    found: dict[str, Content] = {item_id: (None, None) for item_id, version in versions.items() if not version}
    for item_id, version, value, typed in rows:
        if (item_id, version) in wanted:
            found[item_id] = (value, typed)
    return found


def keep_file(folder: Path, content: bytes) -> str:
    """Keep a workbook that came back, for its owner alone (0600), on disk before any row names it; its name in the folder."""
    file_id = secrets.token_urlsafe(12)
    write_durably(folder, file_id, content)
    return file_id


def open_file(row: KitReturn, folder: Path) -> BinaryIO:
    """The file of a workbook that came back. Raises NotFound when it is not kept any more."""
    path = folder / row.file_id
    if not path.exists():
        raise NotFound(row.id)
    return path.open("rb")


def sha256_of(content: bytes) -> str:
    """The fingerprint by which a file is recognised."""
    return hashlib.sha256(content).hexdigest()


def find_same(session: Session, response_id: str, sha256: str) -> KitReturn | None:
    """The same file, sent before and neither undone nor discarded."""
    return session.exec(
        select(KitReturn).where(
            KitReturn.national_response_id == response_id, KitReturn.sha256 == sha256,
            col(KitReturn.status).not_in((UNDONE, DISCARDED)),
        ).order_by(col(KitReturn.uploaded_at).desc())
    ).first()  # fmt: skip


def find_return(session: Session, response_id: str, return_id: str, *, lock: bool = False) -> KitReturn:
    """A workbook that came back for this response. Raises NotFound, for one of another response too."""
    statement = select(KitReturn).where(KitReturn.id == return_id)
    if lock:
        statement = statement.with_for_update()
    row = session.exec(statement).one_or_none()
    if row is None or row.national_response_id != response_id:
        raise NotFound(return_id)
    return row


def list_returns(session: Session, response_id: str) -> list[KitReturn]:
    """The workbooks that came back, newest first."""
    statement = select(KitReturn).where(KitReturn.national_response_id == response_id)
    return list(session.exec(statement.order_by(col(KitReturn.uploaded_at).desc())))


def revisions_of(session: Session, row: KitReturn) -> list[Revision]:
    """What a workbook changed, oldest first."""
    if row.first_seq is None or row.last_seq is None:
        return []
    return list(session.exec(
        select(Revision).where(
            Revision.national_response_id == row.national_response_id, Revision.channel == "kit", Revision.kind == "saved",
            Revision.seq >= row.first_seq, Revision.seq <= row.last_seq,
            col(Revision.idempotency_key).startswith(key_of(row)),
        ).order_by(col(Revision.seq))
    ))  # fmt: skip


def key_of(row: KitReturn) -> str:
    """What the idempotency keys of everything that this file changed begin with."""
    return f"kit-{row.id}"
