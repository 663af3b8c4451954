"""The site's file as the editor needs it: what is in it, faulty or not, and what somebody wants to make of it.

All of it waits for a disk, and a large file takes its time to be read; none of it belongs on the event loop.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.configuration.files import SiteFile
from appliance.configuration.reading import etag_of
from appliance.configuration.refusals import Fault, Faulty
from appliance.configuration.revisions import Revision
from appliance.configuration.store import Wish
from appliance.control.house import House
from appliance.control.routes.configuration import store_of
from appliance.errors import Refusal


@dataclass(frozen=True, slots=True)
class FileNow:
    """What is in the file; somebody may have made a faulty one of it by hand."""

    text: str
    etag: str
    faults: tuple[Fault, ...] = ()
    newest: Revision | None = None
    """The last change that is known."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a text would do, or why it cannot be."""

    summary: str = ""
    faults: tuple[Fault, ...] = field(default=())

    @property
    def is_good(self) -> bool:
        """Whether it could be saved."""
        return not self.faults


def file_now(house: House) -> FileNow:
    """Read it; raises ``Refusal`` where there is none."""
    store = store_of(house)
    assert house.site_file is not None  # store_of has seen to it
    content = SiteFile(house.site_file).read()
    text, etag = content.decode("utf-8", "replace"), etag_of(content)
    try:
        store.read()
    except Faulty as faulty:
        return FileNow(text, etag, faulty.faults)
    history = store.history(1)
    return FileNow(text, etag, (), history[0] if history else None)


def etag_now(house: House) -> str:
    """Whether it is another file by now; empty where it cannot be read."""
    if house.site_file is None:
        return ""
    try:
        return etag_of(SiteFile(house.site_file).read())
    except Refusal:
        return ""


def checked(house: House, text: str) -> Checked:
    """What would come of it."""
    try:
        return Checked(store_of(house).put(text, Wish(is_dry=True)).summary)
    except Faulty as faulty:
        return Checked(faults=faulty.faults)


def place_of(fault: Fault) -> str:
    """Where a fault is, for people."""
    return f"Line {fault.line}, column {fault.column}" if fault.line else "Somewhere in the file"
