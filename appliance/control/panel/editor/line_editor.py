"""The component: a live picture with lines and zones over it, drawn and moved with mouse, finger and keyboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from appliance.control.panel.editor.draft import Draft, Kind, points_of
from appliance.counted import Point

KINDS: tuple[Kind, ...] = ("line", "zone")


@dataclass(frozen=True, slots=True)
class EditorEvents:
    """Who hears of what is done on the picture."""

    chosen: Callable[[str], Any]
    """The name of a line or zone."""
    drawn: Callable[[Kind, tuple[Point, ...]], Any]
    reshaped: Callable[[tuple[Point, ...]], Any]
    """The points of the draft, some times a second while it is dragged, and at the end."""
    abandoned: Callable[[], Any]
    """Escape: out of what was begun."""
    dropped: Callable[[str], Any]
    """Delete: a line or zone shall go; an empty name is the draft."""
    finished: Callable[[], Any]
    """Enter: the corners are where they shall be."""


class LineEditor(Element, component="line_editor.js", esm={"appliance-editor": "parts"}):
    """Shows what it is told; what is dragged is in the browser until it is told of."""

    def __init__(self, picture: str, label: str, events: EditorEvents, *, is_editable: bool, ratio: float | None) -> None:
        super().__init__()
        self._events = events
        self._version = 0
        self._props.update(
            src=picture, label=label, ratio=ratio, editable=is_editable, shapes=[], chosen="", draft=None, drawing=""
        )
        self._props["waiting"] = "Waiting for a picture …"
        self.on("choose", lambda event: self._named(event, events.chosen))
        if is_editable:
            self.on("drawn", self._drawn)
            self.on("reshape", self._reshaped)
            self.on("abandon", lambda: events.abandoned())
            self.on("drop", lambda event: self._named(event, events.dropped))
            self.on("finish", lambda: events.finished())

    def show(self, shapes: Sequence[Draft], chosen: str) -> None:
        """All lines and zones as they are in the file, and which of them is chosen."""
        self._props["shapes"] = [_shape(shape) for shape in shapes]
        self._props["chosen"] = chosen
        self.update()

    def draw(self, kind: Kind | None) -> None:
        """What is drawn next; None: nothing."""
        self._props["drawing"] = kind or ""
        self.update()

    def edit(self, draft: Draft | None, *, is_moved: bool = False) -> None:
        """What is being worked on; ``is_moved`` takes its points from here, and not from the browser, which may be ahead."""
        known = self._props["draft"]
        if draft is None:
            self._props["draft"] = None
        else:
            self._version += is_moved or known is None
            self._props["draft"] = {**_shape(draft), "origin": draft.origin, "version": self._version}
        self.update()

    def _drawn(self, event: GenericEventArguments) -> Any:
        try:
            kind = next(kind for kind in KINDS if kind == event.args["kind"])
            points = points_of(event.args["points"])
        except (ValueError, KeyError, TypeError, StopIteration):
            # No page of ours sends it.
            return None
        return self._events.drawn(kind, points)

    def _reshaped(self, event: GenericEventArguments) -> Any:
        try:
            points, version = points_of(event.args["points"]), event.args["version"]
        except (ValueError, KeyError, TypeError):
            return None
        # What was dragged before the draft became another is of no use any more.
        return self._events.reshaped(points) if version == self._version else None

    def _named(self, event: GenericEventArguments, heard: Callable[[str], Any]) -> Any:
        name = event.args.get("name") if isinstance(event.args, dict) else None
        return heard(name) if isinstance(name, str) else None


def _shape(draft: Draft) -> dict[str, Any]:
    return {
        "kind": draft.kind,
        "name": draft.name,
        "points": [list(point) for point in draft.points],
        "forward": draft.forward,
        "backward": draft.backward,
    }
