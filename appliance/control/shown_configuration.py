"""Changes of the configuration as HTTP shows them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from appliance.access.hiding import hidden_in, without_secrets
from appliance.access.roles import Permission, Role, allows
from appliance.configuration.revisions import Revision, RevisionTexts
from appliance.control.shown import Time
from appliance.times import rfc_3339

# 1 stays 1 in the file.
Number = Annotated[int | float, WithJsonSchema({"type": "number"})]
Point = Annotated[
    list[Number], Field(min_length=2, max_length=2, description="x and y, 0 to 1 of the picture.", examples=[[0.1, 0.6]])
]
Anchor = Literal["center", "bottom_center", "top_center"]
NameInTheFile = Annotated[str, Field(max_length=64, description="1 to 64 letters, digits, '-' and '_'.")]


class AsInTheFile(BaseModel):
    """The base: what it may be in detail is the file's business, see /config/schema."""

    model_config = ConfigDict(extra="forbid", strict=True)

    def tree(self) -> dict[str, Any]:
        """What was said of it, and no more."""
        return self.model_dump(by_alias=True, exclude_unset=True)


class DirectionsInTheFile(AsInTheFile):
    """What the two directions are called."""

    forward: NameInTheFile = "forward"
    backward: NameInTheFile = "backward"


class LineOrZone(AsInTheFile):
    """A line, or a zone, which has its corners as points."""

    name: NameInTheFile
    start: Point | None = Field(default=None, alias="from", description="Of a line.")
    end: Point | None = Field(default=None, alias="to", description="Of a line.")
    points: list[Point] = Field(default=[], description="Of a line with corners in the place of 'from' and 'to'; of a zone.")
    anchor: Anchor = Field(default="center", description="What of an object has to cross it.")
    classes: list[str] = Field(default=[], description="What is counted; everything that the model knows where left out.")
    directions: DirectionsInTheFile = DirectionsInTheFile()


class CameraInTheFile(AsInTheFile):
    """A camera."""

    name: NameInTheFile
    source: str = Field(description="A file, an rtsp:// or http:// address, the number of a webcam, or gst: and a launch line.")
    login: str = Field(default="", description="Where user:password is found, env:NAME or file:PATH.")
    transport: Literal["tcp", "udp"] = "tcp"
    stall_s: Number = 3.0
    stale_s: Number = 1.0
    blind_s: Number = 0.5
    pace: Literal["auto", "file", "live", "played"] = "auto"
    decoder: Literal["auto", "pyav", "gstreamer", "opencv"] = "auto"
    first_frame: int = 0
    last_frame: int | None = None
    preview_px: int = 640
    lines: list[LineOrZone] = Field(default=[], max_length=64)
    zones: list[LineOrZone] = Field(default=[], max_length=64)


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


class RevisionInFull(RevisionShown):
    """One change of the file, with all that is kept of it."""

    etag: str = Field(description="Of the file after it.")
    diff: str = Field(description="Unified, with *** in the place of secrets.")
    text: str = Field(description="The file after it.")


def in_full(texts: RevisionTexts) -> RevisionInFull:
    """As it is shown."""
    shown = revision_of(texts.revision)
    # What was there before may have been faulty because there was a password in it.
    diff = str(without_secrets(texts.diff))
    return RevisionInFull(
        **shown.model_dump(), etag=texts.revision.etag, diff=diff, text=texts.content.decode("utf-8", "replace")
    )


def revision_of(revision: Revision) -> RevisionShown:
    """As it is shown."""
    return RevisionShown(
        number=revision.number, time=rfc_3339(revision.time_ns), author=revision.author, summary=revision.summary
    )
