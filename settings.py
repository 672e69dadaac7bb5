"""Settings, read once from the environment. Names begin with TRACKER_, and DATABASE_URL."""

from __future__ import annotations

import difflib
import json
import os
import secrets
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

ROOT = Path(__file__).parent
POSTGRESQL = ("postgresql://", "postgres://", "postgresql+psycopg://")


class SettingsError(Exception):
    """A setting is unknown or cannot be read; the message names the setting and the remedy."""


class Settings(BaseSettings):
    """What may differ between two installations. Every default is safe for one machine."""

    model_config = SettingsConfigDict(env_prefix="TRACKER_", frozen=True, populate_by_name=True)

    instance: Path = Field(
        ROOT / "instance", description="folder of the database, the secrets, the evidence and the exports"
    )
    database_url: str = Field("", validation_alias="DATABASE_URL", description="empty: SQLite in the instance folder")
    port: int = Field(8000, ge=1, le=65535)
    public_url: str = Field("", description="address in mails and links; empty: http://localhost:<port>")
    trusted_proxies: int = Field(0, ge=0, le=5, description="number of proxies whose X-Forwarded headers count")
    threads: int = Field(16, ge=1, le=64, description="requests answered at the same time by one process")
    workers: int = Field(0, ge=0, le=32, description="server processes; 0: one on SQLite, two on PostgreSQL")
    rehearsal: bool = Field(False, description="invented States and answers; every page, sheet and file says so")
    preview: bool = Field(False, description="set by `flask instrument preview` for the installation it throws away")
    mail_host: str = Field("", description="SMTP server; empty: links are shown to the officer to send by hand")
    mail_port: int = 25
    mail_username: str = ""
    mail_password: str = ""
    mail_tls: bool = False
    mail_sender: str = "implementation-tracker@localhost"
    contact: str = Field(
        "", description="address of the secretariat for questions, said in mails and on pages; may be empty"
    )
    evidence_limit_mb: int = Field(10, ge=1, le=100, description="largest evidence file, megabytes")
    evidence_files_per_item: int = Field(20, ge=1, le=200)
    export_days: int = Field(30, ge=1, le=3650, description="days for which a workbook that was made is kept")
    session_minutes: int = Field(60, ge=5, le=720, description="idle time after which a person signs in again")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        *others: Any,  # noqa: ARG003
        **more: Any,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Values come from `from_environment` alone, so that a wrong name is seen and a test's settings are its own."""
        return (init_settings,)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the settings; an empty value counts as not set.

        Raises SettingsError for an unknown TRACKER_ name (naming the nearest), an unreadable value, and settings that do not
        go together.
        """
        environment = os.environ if environment is None else environment
        known = {f"TRACKER_{name.upper()}": name for name in cls.model_fields if name != "database_url"}
        values: dict[str, Any] = {"database_url": environment.get("DATABASE_URL", "")}
        for name, value in environment.items():
            if not name.startswith("TRACKER_"):
                continue
            if name not in known:
                nearest = difflib.get_close_matches(name, known, n=1, cutoff=0)
                raise SettingsError(f"Unknown setting {name}. The nearest known name is {nearest[0]}.")
            if value:
                values[known[name]] = value
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise SettingsError(_sentence(error)) from None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.database_url and not self.database_url.startswith(POSTGRESQL):
            raise ValueError(
                "DATABASE_URL must begin with postgresql://. Leave it empty for the embedded SQLite database."
            )
        if self.preview and not (self.rehearsal and self.is_sqlite):
            raise ValueError(
                "TRACKER_PREVIEW is set by flask instrument preview alone. Leave it out, and run that command instead."
            )
        if self.contact and (self.contact.count("@") != 1 or any(sign.isspace() for sign in self.contact)):
            raise ValueError(f"TRACKER_CONTACT must be one e-mail address (it is {self.contact!r}).")
        if self.is_sqlite and self.workers > 1:
            raise ValueError(
                f"TRACKER_WORKERS is {self.workers}, but one process alone may write to SQLite. "
                "Remedy: TRACKER_WORKERS=1, or set DATABASE_URL=postgresql://..."
            )
        return self

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the database."""
        if self.database_url:
            return f"postgresql+psycopg://{self.database_url.partition('://')[2]}"
        return f"sqlite:///{self.instance.resolve() / 'tracker.db'}"

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded database is used."""
        return not self.database_url

    @property
    def processes(self) -> int:
        """How many server processes run: exactly one on SQLite."""
        return self.workers or (1 if self.is_sqlite else 2)

    @property
    def address(self) -> str:
        """The address printed in links and mails, without a closing slash."""
        return self.public_url.rstrip("/") or f"http://localhost:{self.port}"

    @property
    def cookie_prefix(self) -> str:
        """What cookies begin with: they know no ports, and several installations may be open in one browser."""
        return "tracker_preview" if self.preview else "tracker_rehearsal" if self.rehearsal else "tracker"

    @property
    def secrets_file(self) -> Path:
        """The file of the secrets, made on the first start."""
        return self.instance / "secrets.json"

    @property
    def evidence_folder(self) -> Path:
        """Where evidence files are kept, under random names."""
        return self.instance / "evidence"

    @property
    def exports_folder(self) -> Path:
        """Where workbooks that were made are kept, under the ids of their jobs; made with the first of them."""
        return self.instance / "exports"

    @property
    def kit_returns_folder(self) -> Path:
        """Where offline workbooks that came back are kept as they came, under random names."""
        return self.instance / "kit-returns"


class Secrets(BaseModel):
    """Made on the first start, kept in `instance/secrets.json` with mode 600."""

    secret_key: str
    password_salt: str
    totp_key: str
    queue_key: str
    receipt_key: str = Field(description="Ed25519 private key, 32 bytes in base64, signs receipts")


def load_secrets(settings: Settings) -> Secrets:
    """The installation's secrets, made on the first call. Raises SettingsError for a damaged file and one that others may read."""
    path = settings.secrets_file
    try:
        settings.instance.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingsError(
            f"The folder {settings.instance} cannot be made: {error.strerror}. Remedy: TRACKER_INSTANCE."
        ) from None
    if not path.exists():
        private = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        made = Secrets(
            secret_key=secrets.token_urlsafe(48),
            password_salt=secrets.token_urlsafe(32),
            totp_key=secrets.token_urlsafe(32),
            queue_key=secrets.token_urlsafe(32),
            receipt_key=b64encode(private).decode(),
        )
        _write_once(path, made.model_dump_json(indent=1))
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"{path} can be read by others. Remedy: chmod 600 {path}")
    try:
        return Secrets.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        raise SettingsError(f"{path} cannot be read. Remedy: put the copy back that was kept of it.") from None


def _write_once(path: Path, text: str) -> None:
    """Write a file that only its owner may read; it is there whole or not at all, and one that exists stays."""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(scratch)
    except FileExistsError:
        pass
    finally:
        scratch.unlink()


def _sentence(error: ValidationError) -> str:
    """The first fault as one sentence that names the setting."""
    first = error.errors()[0]
    if not first["loc"]:
        return str(first["ctx"]["error"])
    return f"TRACKER_{str(first['loc'][0]).upper()} cannot be read: {first['msg']} (it is {first['input']!r})."
