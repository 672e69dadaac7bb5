"""Settings of exports that officers save under a name: their own, and those that others share with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import or_
from sqlmodel import Session, col, select

from models.base import utc_now
from models.export_jobs import ExportSetting
from services.permissions import Actor, NotFound, Permission, require


def save_setting(
    session: Session, actor: Actor, name: str, parameters: Mapping[str, Any], *, shared: bool
) -> ExportSetting:
    """Save parameters under a name; what the person saved under the same name before is replaced. Raises PermissionDenied."""
    require(actor, Permission.EXPORT_FULL)
    setting = session.exec(
        select(ExportSetting)
        .where(ExportSetting.owner_id == actor.user_id, ExportSetting.name == name)
        .with_for_update()
    ).first() or ExportSetting(name=name, parameters={}, owner_id=actor.user_id)
    setting.parameters, setting.shared, setting.updated_at = dict(parameters), shared, utc_now()
    session.add(setting)
    session.flush()
    return setting


def list_settings(session: Session, actor: Actor) -> list[ExportSetting]:
    """The person's own and the shared ones, by name. Raises PermissionDenied."""
    require(actor, Permission.EXPORT_FULL)
    found = session.exec(select(ExportSetting).where(_seen_by(actor)))
    return sorted(found, key=lambda setting: (setting.name.casefold(), setting.id))


def find_setting(session: Session, actor: Actor, setting_id: str) -> ExportSetting:
    """The setting. Raises PermissionDenied, and NotFound for an absent one and for one that another does not share."""
    require(actor, Permission.EXPORT_FULL)
    setting = session.exec(select(ExportSetting).where(ExportSetting.id == setting_id, _seen_by(actor))).first()
    if setting is None:
        raise NotFound(setting_id)
    return setting


def share_setting(session: Session, actor: Actor, setting_id: str, *, shared: bool) -> ExportSetting:
    """Share one's own setting with the other officers, or no longer. Raises PermissionDenied and NotFound."""
    setting = _own(session, actor, setting_id)
    setting.shared = shared
    session.add(setting)
    return setting


def delete_setting(session: Session, actor: Actor, setting_id: str) -> ExportSetting:
    """Delete one's own setting. Raises PermissionDenied and NotFound."""
    setting = _own(session, actor, setting_id)
    session.delete(setting)
    return setting


def _own(session: Session, actor: Actor, setting_id: str) -> ExportSetting:
    setting = find_setting(session, actor, setting_id)
    if setting.owner_id != actor.user_id:
        raise NotFound(setting_id)
    return setting


def _seen_by(actor: Actor) -> Any:
    return or_(col(ExportSetting.owner_id) == actor.user_id, col(ExportSetting.shared).is_(True))
