"""Settings come from the environment only; a mistake is named with its remedy; secrets are for the owner alone."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from settings import Settings, SettingsError, load_secrets


def test_without_any_setting_every_default_is_safe_for_one_machine() -> None:
    settings = Settings.from_environment({})
    assert settings.is_sqlite
    assert settings.processes == 1
    assert settings.address == "http://localhost:8000"
    assert not settings.rehearsal
    assert settings.trusted_proxies == 0
    assert settings.evidence_folder == settings.instance / "evidence"


def test_only_the_given_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_THREADS", "3")
    assert Settings.from_environment({}).threads == 16
    assert Settings().threads == 16
    assert Settings.from_environment().threads == 3


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ("TRACKER_PROT", "TRACKER_PORT"),
        ("TRACKER_MAILHOST", "TRACKER_MAIL_HOST"),
        ("TRACKER_THREAD", "TRACKER_THREADS"),
    ],
)
def test_an_unknown_name_stops_the_start_and_names_the_nearest(wrong: str, nearest: str) -> None:
    with pytest.raises(SettingsError, match=rf"Unknown setting {wrong}\. The nearest known name is {nearest}\."):
        Settings.from_environment({wrong: "1"})


def test_names_of_other_programs_are_left_alone() -> None:
    assert Settings.from_environment({"TRACK": "1", "FLASK_DEBUG": "1", "PORT": "1"}).port == 8000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRACKER_PORT", "eighty"), ("TRACKER_PORT", "0"), ("TRACKER_PORT", "65536"), ("TRACKER_REHEARSAL", "perhaps"),
        ("TRACKER_THREADS", "0"), ("TRACKER_SESSION_MINUTES", "4"), ("TRACKER_EVIDENCE_LIMIT_MB", "1e9"),
        ("TRACKER_TRUSTED_PROXIES", "-1"), ("TRACKER_WORKERS", "-1"),
    ],
)  # fmt: skip
def test_an_unreadable_value_is_named_with_what_it_is(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({name: value})
    assert str(raised.value).startswith(f"{name} cannot be read: ")
    assert repr(value) in str(raised.value)


def test_an_empty_value_counts_as_not_set() -> None:
    settings = Settings.from_environment({"TRACKER_PORT": "", "TRACKER_PUBLIC_URL": "", "DATABASE_URL": ""})
    assert (settings.port, settings.is_sqlite) == (8000, True)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_postgresql_address_moves_the_application_there_with_two_processes(scheme: str) -> None:
    settings = Settings.from_environment({"DATABASE_URL": f"{scheme}://user:word@host/name"})
    assert settings.url == "postgresql+psycopg://user:word@host/name"
    assert (settings.is_sqlite, settings.processes) == (False, 2)
    assert Settings.from_environment({"DATABASE_URL": settings.url, "TRACKER_WORKERS": "5"}).processes == 5


def test_another_kind_of_database_is_refused_without_printing_its_passphrase() -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL must begin with postgresql://") as raised:
        Settings.from_environment({"DATABASE_URL": "mysql://user:hidden@host/name"})
    assert "hidden" not in str(raised.value)


def test_several_processes_on_sqlite_are_refused_with_the_remedy() -> None:
    with pytest.raises(SettingsError, match=r"TRACKER_WORKERS is 2.*Remedy: TRACKER_WORKERS=1"):
        Settings.from_environment({"TRACKER_WORKERS": "2"})
    assert Settings.from_environment({"TRACKER_WORKERS": "1"}).processes == 1


def test_the_public_address_is_printed_without_a_closing_slash() -> None:
    assert (
        Settings.from_environment({"TRACKER_PUBLIC_URL": "https://tracker.example/"}).address
        == "https://tracker.example"
    )


def test_secrets_are_made_once_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path / "instance")
    made = load_secrets(settings)
    assert settings.secrets_file.stat().st_mode & 0o777 == 0o600
    assert settings.instance.stat().st_mode & 0o777 == 0o700
    assert load_secrets(settings) == made
    assert len(set(made.model_dump().values())) == 5
    assert [path.name for path in settings.instance.iterdir()] == ["secrets.json"]


def test_secrets_that_others_may_read_stop_the_start_with_the_remedy(tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    load_secrets(settings)
    settings.secrets_file.chmod(0o640)
    with pytest.raises(SettingsError, match="Remedy: chmod 600"):
        load_secrets(settings)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"secret_key": "x"}'])
def test_damaged_secrets_are_never_replaced_by_new_ones(tmp_path: Path, content: str) -> None:
    settings = Settings(instance=tmp_path)
    load_secrets(settings)
    settings.secrets_file.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_secrets(settings)
    assert settings.secrets_file.read_text(encoding="utf-8") == content


def test_many_first_starts_at_once_agree_on_one_set_of_secrets(tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    found = []
    threads = [threading.Thread(target=lambda: found.append(load_secrets(settings).receipt_key)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_an_instance_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot be made"):
        load_secrets(Settings(instance=tmp_path / "file" / "instance"))


def test_the_address_for_questions_is_one_address_or_none() -> None:
    assert Settings.from_environment({}).contact == ""
    assert (
        Settings.from_environment({"TRACKER_CONTACT": "help@secretariat.example"}).contact == "help@secretariat.example"
    )
    for wrong in ("help", "a@b.example, c@d.example", "help @secretariat.example"):
        with pytest.raises(SettingsError, match="TRACKER_CONTACT"):
            Settings.from_environment({"TRACKER_CONTACT": wrong})
