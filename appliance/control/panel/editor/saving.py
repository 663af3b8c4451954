"""What a draft becomes: a change of the site's file for the state that the page knows, and back again. May take seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from appliance.config import CameraSettings, SiteSettings
from appliance.configuration.changes import Change, add_item, remove_value, replace_line, replace_zone
from appliance.configuration.refusals import Missing, Stale
from appliance.configuration.store import Configuration
from appliance.control.door import Caller
from appliance.control.house import House
from appliance.control.panel.editor.draft import Draft
from appliance.control.routes.configuration import store_of, told, wish_of
from appliance.errors import Refusal


@dataclass(frozen=True, slots=True)
class Known:
    """What a page knows of the site's file: its state, and what stands there of one camera."""

    etag: str
    site: SiteSettings
    camera: CameraSettings


@dataclass(frozen=True, slots=True)
class Done:
    """A change that is in force. While the file has this ETag, the revision ``former`` takes it back; None: there is none."""

    known: Known
    etag: str
    former: int | None


class Conflict(Refusal):
    """Somebody else has changed this camera since the page was built."""

    def __init__(self, theirs: Known) -> None:
        super().__init__("someone else has changed the lines and zones of this camera meanwhile")
        self.theirs = theirs


def look(house: House, camera: str) -> Known:
    """The camera as it stands in the file now; raises ``Missing`` where it does not."""
    return _known(store_of(house).read(), camera)


def save(house: House, caller: Caller, known: Known, draft: Draft) -> Done:
    """Put a draft into the file, for good and for the machine."""
    camera = known.camera.name
    if draft.is_new:
        change = add_item(f"cameras.{camera}.{draft.kind}s", draft.item)
    else:
        replace = replace_line if draft.kind == "line" else replace_zone
        change = replace(camera, draft.origin, draft.item)
    return _carry_out(house, caller, known, change, f"{camera}/{draft.name}")


def remove(house: House, caller: Caller, known: Known, draft: Draft) -> Done:
    """A line or zone goes; what was counted there stays."""
    camera = known.camera.name
    return _carry_out(
        house, caller, known, remove_value(f"cameras.{camera}.{draft.kind}s.{draft.origin}"), f"{camera}/{draft.origin}"
    )


def undo(house: House, caller: Caller, done: Done) -> Done:
    """Take back one's own change, where nothing was changed since."""
    assert done.former is not None
    store = store_of(house)
    try:
        outcome = store.roll_back(done.former, wish_of(house, caller, done.etag, False))
    except Stale:
        raise Refusal("it cannot be undone any more: the configuration has been changed since") from None
    told(caller, f"revision {done.former}", outcome)
    return Done(_known(outcome.configuration, done.known.camera.name), outcome.configuration.etag, None)


def _carry_out(house: House, caller: Caller, known: Known, change: Change, subject: str) -> Done:
    def attempt(etag: str) -> Done:
        shown = told(caller, subject, store_of(house).change(change, wish_of(house, caller, etag, False)))
        return Done(look(house, known.camera.name), shown.etag, _former(house, shown.revision))

    return _unless_changed(house, known, attempt)


def _unless_changed(house: House, known: Known, attempt: Callable[[str], Done]) -> Done:
    """What others have changed elsewhere is no conflict: the change is made for their state of the file."""
    try:
        return attempt(known.etag)
    except Stale:
        theirs = look(house, known.camera.name)
        if theirs.camera != known.camera:
            raise Conflict(theirs) from None
        return attempt(theirs.etag)


def _former(house: House, revision: int | None) -> int | None:
    if revision is None:
        return None
    earlier = store_of(house).history(1, revision)
    return earlier[0].number if earlier else None


def _known(configuration: Configuration, name: str) -> Known:
    for camera in configuration.settings.cameras:
        if camera.name == name:
            return Known(configuration.etag, configuration.settings, camera)
    raise Missing(f"there is no camera '{name}' any more", usage=True)
