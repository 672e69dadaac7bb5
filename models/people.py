"""People: accounts, second factors, invitations and what a person may do for which State."""

from datetime import datetime

from flask_security import AsaList, RoleMixin, UserMixin, WebAuthnMixin
from sqlalchemy import Column, Index, text
from sqlalchemy.ext.mutable import MutableList
from sqlmodel import Field, Relationship, SQLModel

from models.base import Json, json_column, new_id, utc_now

OFFICER = "officer"
STATE_ROLES: tuple[str, ...] = ("focal_point", "contributor", "observer")


class UserRole(SQLModel, table=True):
    """Which person has which installation-wide role."""

    __tablename__ = "user_role"

    user_id: int = Field(foreign_key="user.id", primary_key=True, ondelete="CASCADE")
    role_id: int = Field(foreign_key="role.id", primary_key=True, ondelete="CASCADE")


class Role(RoleMixin, SQLModel, table=True):
    """An installation-wide role. There is one: `officer`, of the secretariat."""

    __tablename__ = "role"

    id: int | None = Field(default=None, primary_key=True)  # type: ignore[assignment]
    name: str = Field(unique=True, max_length=40)
    description: str = Field(default="")


class User(UserMixin, SQLModel, table=True):
    """A person with an account: an official, never a victim. Ended, not deleted, so that history keeps its author."""

    __tablename__ = "user"

    id: int | None = Field(default=None, primary_key=True)  # type: ignore[assignment]
    email: str = Field(unique=True, max_length=254)
    name: str = Field(default="", max_length=200)
    title: str = Field(default="", max_length=200)
    language: str = Field(default="en", max_length=2)
    time_zone: str = Field(default="UTC", max_length=64)
    password: str | None = None
    active: bool = True
    created_at: datetime = Field(default_factory=utc_now)
    fs_uniquifier: str = Field(unique=True, max_length=64)
    fs_webauthn_user_handle: str | None = Field(default=None, unique=True, max_length=64)  # type: ignore[assignment]
    tf_primary_method: str | None = Field(default=None, max_length=64)
    tf_totp_secret: str | None = None
    tf_last_counter: int | None = Field(default=None, description="last accepted TOTP step, so that a code works once")
    mf_recovery_codes: list[str] | None = Field(
        default=None, sa_column=Column(MutableList.as_mutable(AsaList()), nullable=True)
    )
    failed_sign_ins: int = 0
    locked_until: datetime | None = None

    roles: list[Role] = Relationship(link_model=UserRole)  # type: ignore[assignment]
    webauthn: list["WebAuthn"] = Relationship(back_populates="user")  # type: ignore[assignment]
    memberships: list["Membership"] = Relationship(sa_relationship_kwargs={"viewonly": True})

    @property
    def needs_second_factor(self) -> bool:
        """Whether a second factor is required: of officers and of whoever is a focal point now."""
        return self.has_role(OFFICER) or any(
            entry.role == "focal_point" and entry.ended_at is None for entry in self.memberships
        )

    def check_tf_required(
        self,
        tf_setup_methods: list[tuple[str, str]],
        tf_fresh: bool,
    ) -> tuple[bool, list[tuple[str, str]]]:
        """Asked by the account library after the passphrase: whether a second factor follows, and which are set up."""
        return self.needs_second_factor or bool(tf_setup_methods), tf_setup_methods

    def check_tf_required_setup(self) -> bool:
        """Asked by the account library on the set-up page: whether the second factor cannot be switched off."""
        return self.needs_second_factor


class WebAuthn(WebAuthnMixin, SQLModel, table=True):
    """A passkey of a person (W3C Web Authentication)."""

    __tablename__ = "webauthn"

    id: int | None = Field(default=None, primary_key=True)  # type: ignore[assignment]
    credential_id: bytes = Field(unique=True)
    public_key: bytes
    sign_count: int = 0
    transports: list[str] | None = Field(
        default=None, sa_column=Column(MutableList.as_mutable(AsaList()), nullable=True)
    )
    backup_state: bool = False
    device_type: str = Field(default="", max_length=64)
    extensions: str | None = Field(default=None, max_length=255)
    lastuse_datetime: datetime = Field(default_factory=utc_now)
    name: str = Field(max_length=64)
    usage: str = Field(max_length=64)
    create_datetime: datetime = Field(default_factory=utc_now)
    user_id: int = Field(foreign_key="user.id", ondelete="CASCADE")

    user: User = Relationship(back_populates="webauthn")


class Membership(SQLModel, table=True):
    """What a person is for a State in a cycle. At any time there is at most one focal point per State and cycle."""

    __tablename__ = "membership"
    __table_args__ = (
        Index(
            "uq_membership_one_focal_point", "cycle_id", "state_id", unique=True,
            sqlite_where=text("role = 'focal_point' AND ended_at IS NULL"),
            postgresql_where=text("role = 'focal_point' AND ended_at IS NULL"),
        ),
        Index(
            "uq_membership_one_role", "cycle_id", "state_id", "user_id", unique=True,
            sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL"),
        ),
    )  # fmt: skip

    id: str = Field(default_factory=new_id, primary_key=True, max_length=24)
    user_id: int = Field(foreign_key="user.id", index=True)
    state_id: str = Field(foreign_key="reporting_state.id")
    cycle_id: str = Field(foreign_key="cycle.id")
    role: str = Field(max_length=20)
    since: datetime = Field(default_factory=utc_now)
    ended_at: datetime | None = None


class Invitation(SQLModel, table=True):
    """A one-time link to an account: the hash of the token, never the token. Valid 10 days; issuing again cancels the old one."""

    __tablename__ = "invitation"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=24)
    token_hash: str = Field(unique=True, max_length=64, description="SHA-256 of the token, hexadecimal")
    email: str = Field(max_length=254, index=True)
    name: str = Field(default="", max_length=200)
    language: str = Field(default="en", max_length=2)
    role: str = Field(max_length=20, description="officer, focal_point, contributor or observer")
    state_id: str | None = Field(default=None, foreign_key="reporting_state.id")
    cycle_id: str | None = Field(default=None, foreign_key="cycle.id")
    reference: str = Field(default="", description="note verbale reference and date, as typed by the officer")
    invited_by: int | None = Field(default=None, foreign_key="user.id")
    created_at: datetime = Field(default_factory=utc_now)
    expires_at: datetime
    used_at: datetime | None = None
    cancelled_at: datetime | None = None


class KeptPost(SQLModel, table=True):
    """What a person posted with an expired session and without script: kept 24 hours, encrypted, given back to the same person."""

    __tablename__ = "kept_post"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=24)
    user_id: int = Field(foreign_key="user.id", index=True)
    response_id: str = Field(foreign_key="national_response.id")
    question_id: str = Field(max_length=40)
    ciphertext: Json = Field(sa_column=json_column(nullable=False), description="Fernet token")
    created_at: datetime = Field(default_factory=utc_now)
