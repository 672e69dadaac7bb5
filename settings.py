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
from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).parent


class SettingsError(Exception):
    """A setting is unknown or cannot be read; the message names the setting and the remedy."""


class Settings(BaseSettings):
    """What may differ between two installations. Every default is safe for one machine."""

    model_config = SettingsConfigDict(env_prefix="TRACKER_", frozen=True)

    instance: Path = Field(ROOT / "instance", description="folder of the database, the secrets and the evidence")
    database_url: str = Field("", validation_alias="DATABASE_URL", description="empty: SQLite in the instance folder")
    port: int = Field(8000, ge=1, le=65535)
    public_url: str = Field("", description="address in mails and links; empty: http://localhost:<port>")
    trusted_proxies: int = Field(0, ge=0, le=5, description="number of proxies whose X-Forwarded headers count")
    threads: int = Field(16, ge=1, le=64)
    rehearsal: bool = Field(False, description="invented States and answers; every page, sheet and file says so")
    mail_host: str = Field("", description="SMTP server; empty: links are shown to the officer to send by hand")
    mail_port: int = 25
    mail_username: str = ""
    mail_password: str = ""
    mail_tls: bool = False
    mail_sender: str = "implementation-tracker@localhost"
    evidence_limit_mb: int = Field(10, ge=1, le=100, description="largest evidence file, megabytes")
    evidence_files_per_item: int = Field(20, ge=1, le=200)
    session_minutes: int = Field(60, ge=5, le=720, description="idle time after which a person signs in again")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the settings. Raises SettingsError for an unknown TRACKER_ name (naming the nearest) or an unreadable value."""
        environment = os.environ if environment is None else environment
        known = {f"TRACKER_{name.upper()}": name for name in cls.model_fields if name != "database_url"}
        values: dict[str, Any] = {"DATABASE_URL": environment.get("DATABASE_URL", "")}
        for name, value in environment.items():
            if not name.startswith("TRACKER_"):
                continue
            if name not in known:
                nearest = difflib.get_close_matches(name, known, n=1, cutoff=0)
                raise SettingsError(f"Unknown setting {name}. The nearest known name is {nearest[0]}.")
            values[known[name]] = value
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            setting = f"TRACKER_{str(first['loc'][0]).upper()}"
            raise SettingsError(f"{setting} cannot be read: {first['msg']} (it is {first['input']!r}).") from error

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the database."""
        if self.database_url:
            return self.database_url.replace("postgresql://", "postgresql+psycopg://", 1)
        return f"sqlite:///{self.instance.resolve() / 'tracker.db'}"

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded database is used."""
        return self.url.startswith("sqlite")

    @property
    def address(self) -> str:
        """The address printed in links and mails, without a closing slash."""
        return self.public_url.rstrip("/") or f"http://localhost:{self.port}"

    @property
    def evidence_folder(self) -> Path:
        """Where evidence files are kept, under random names."""
        return self.instance / "evidence"


class Secrets(BaseModel):
    """Made on the first start, kept in `instance/secrets.json` with mode 600."""

    secret_key: str
    password_salt: str
    totp_key: str
    queue_key: str
    receipt_key: str = Field(description="Ed25519 private key, 32 bytes in base64, signs receipts")


def load_secrets(settings: Settings) -> Secrets:
    """The installation's secrets, made on the first call. Raises SettingsError if others may read the file."""
    path = settings.instance / "secrets.json"
    settings.instance.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        private = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        made = Secrets(
            secret_key=secrets.token_urlsafe(48),
            password_salt=secrets.token_urlsafe(32),
            totp_key=secrets.token_urlsafe(32),
            queue_key=secrets.token_urlsafe(32),
            receipt_key=b64encode(private).decode(),
        )
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return load_secrets(settings)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(made.model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        return made
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"{path} can be read by others. Remedy: chmod 600 {path}")
    return Secrets.model_validate(json.loads(path.read_text(encoding="utf-8")))
