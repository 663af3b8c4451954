"""Changes of the configuration as HTTP shows them."""

from __future__ import annotations

from pydantic import BaseModel, Field

from appliance.access.hiding import hidden_in
from appliance.access.roles import Permission, Role, allows
from appliance.configuration.revisions import Revision
from appliance.control.shown import Time
from appliance.times import rfc_3339


def text_for(role: Role, text: str) -> str:
    """The file, or a part of it; without what of an address is a password, for who may not change cameras."""
    return text if allows(role, Permission.CAMERAS) else hidden_in(text)


class ChangeShown(BaseModel):
    """What a change did, or would do."""

    summary: str
    diff: str = Field(description="Unified.")
    etag: str = Field(description="Of the file as it is then.")
    revision: int | None = Field(description="Null where nothing was changed.")


class RevisionShown(BaseModel):
    """One change of the file."""

    number: int
    time: Time
    author: str
    summary: str


def revision_of(revision: Revision) -> RevisionShown:
    """As it is shown."""
    return RevisionShown(
        number=revision.number, time=rfc_3339(revision.time_ns), author=revision.author, summary=revision.summary
    )
