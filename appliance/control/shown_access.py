"""Tokens, sessions and the audit log as HTTP shows them: never a secret, but for a token that was just made."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from appliance.access.audit import AuditEntry
from appliance.access.roles import Role
from appliance.access.sessions import Session, csrf_of
from appliance.access.tokens import NewToken, Token
from appliance.control.shown import Time
from appliance.times import rfc_3339

MOST_DAYS = 3650
TokenName = Annotated[str, Field(description="1 to 64 letters, digits, '-', '_' and '.'.", examples=["reporting"], max_length=64)]
Text = Annotated[str, Field(description="Shown only now: a hash of it is kept.", examples=["apl_0123456789ab…89abcdef"])]


class LogIn(BaseModel):
    """What a session begins with."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"token": "apl_0123456789ab…89abcdef"}]})

    token: str = Field(max_length=200)


class SessionShown(BaseModel):
    """Who is logged in."""

    name: str = Field(examples=["reporting"])
    role: Role
    csrf: str = Field(description="What every change by a page sends along as X-CSRF-Token.", examples=["5f3a…"])
    expires: Time = Field(description="When it is over where it is not used any more.")


class NewTokenWanted(BaseModel):
    """A token to be made."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "reporting", "role": "viewer", "days": 90}]}
    )

    name: TokenName
    role: Role
    days: int | None = Field(default=None, ge=1, le=MOST_DAYS, description="It expires after so many; never where left out.")


class TokenShown(BaseModel):
    """A token, without its secret."""

    id: str = Field(examples=["0123456789ab"])
    name: TokenName
    role: Role
    created: Time
    last_used: Time | None = Field(description="To the minute; null where it never was.")
    expires: Time | None = Field(description="Null where it never does.")
    expired: bool


class TokenMade(TokenShown):
    """A token that was just made."""

    token: Text


class FirstToken(BaseModel):
    """The first token of a site."""

    name: TokenName
    role: Role
    token: Text


class AuditEntryShown(BaseModel):
    """Who changed what."""

    sequence: int = Field(examples=[17])
    time: Time
    who: str = Field(examples=["boss"])
    address: str = Field(examples=["192.0.2.7"])
    action: str = Field(examples=["create token"])
    subject: str = Field(examples=["reporting"])
    before: Any = Field(description="Null where there was nothing.", examples=[None])
    after: Any = Field(description="Null where there is nothing.", examples=[{"role": "viewer"}])


class AuditPage(BaseModel):
    """Some of the log, the newest first."""

    entries: list[AuditEntryShown]
    cursor: int | None = Field(description="For the next page; null where there was nothing more.", examples=[17])


def session_of(session_id: str, session: Session) -> SessionShown:
    """As it is shown to whom it belongs to."""
    token = session.token
    return SessionShown(name=token.name, role=token.role, csrf=csrf_of(session_id), expires=rfc_3339(session.expires_ns))


def token_of(token: Token, now_ns: int) -> TokenShown:
    """As it is shown."""
    return TokenShown(
        id=token.id,
        name=token.name,
        role=token.role,
        created=rfc_3339(token.created_ns),
        last_used=rfc_3339(token.last_used_ns) if token.last_used_ns else None,
        expires=None if token.expires_ns is None else rfc_3339(token.expires_ns),
        expired=token.is_expired(now_ns),
    )


def made_of(made: NewToken, now_ns: int) -> TokenMade:
    """As it is shown this once."""
    return TokenMade(**token_of(made.token, now_ns).model_dump(), token=made.text)


def entry_of(entry: AuditEntry) -> AuditEntryShown:
    """As it is shown."""
    return AuditEntryShown(
        sequence=entry.sequence,
        time=rfc_3339(entry.time_ns),
        who=entry.actor.name,
        address=entry.actor.address,
        action=entry.change.action,
        subject=entry.change.subject,
        before=entry.change.before,
        after=entry.change.after,
    )
