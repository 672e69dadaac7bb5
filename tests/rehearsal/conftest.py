"""Small rehearsals, made once for a module: what is read of them, nothing writes to them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

import rehearsal
from models.database import Database
from services import installation
from services.installation import Link
from settings import Settings


@dataclass(frozen=True)
class Seeded:
    """A rehearsal with the links that its first start printed."""

    database: Database
    settings: Settings
    links: list[Link]


def rehearsal_settings(folder: Path) -> Settings:
    """Settings of a rehearsal in a folder of its own."""
    return Settings.model_validate({"DATABASE_URL": "", "instance": folder, "rehearsal": True})


def make_installation(template: Path, folder: Path, *, is_rehearsal: bool = True) -> tuple[Database, Settings]:
    """A database as the first start leaves it, without answers."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = rehearsal_settings(folder)
    if not is_rehearsal:
        settings = Settings.model_validate({"DATABASE_URL": "", "instance": folder})
    shutil.copy(template, folder / "tracker.db")
    database = Database(settings.url, threads=2)
    with database.transaction() as session:
        installation.bootstrap(session, settings)
    return database, settings


def make_seeded(template: Path, folder: Path, states: int, seed: int = 2020) -> Seeded:
    """A rehearsal in which `states` States take part."""
    database, settings = make_installation(template, folder)
    return Seeded(database, settings, rehearsal.seed(database, settings, seed=seed, states=states))


@pytest.fixture(scope="session")
def small_world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    """Ten States."""
    return make_seeded(sqlite_template, tmp_path_factory.mktemp("rehearsal"), 10)
