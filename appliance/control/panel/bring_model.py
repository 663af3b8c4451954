"""Bringing a model in the browser: the file goes straight from the page to the API, which writes it to the disk as it comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from appliance.access.roles import Permission
from appliance.control.panel.parts.controls import button, words
from appliance.control.panel.parts.dialogs import dialog
from appliance.control.panel.visitor import Visitor, notify
from appliance.control.panel.words import capital

ABOUT = "An ONNX model, or what 'appliance models export' wrote. It is looked into and kept; it counts when it is put to work."
# Sends the file of the dialog; tells the dialog how far it is, and in the end what was answered.
SEND = """
(() => {
  const dialog = document.getElementById("%(place)s");
  const tell = (detail) => dialog.dispatchEvent(new CustomEvent("told", { detail }));
  const file = dialog.querySelector("input[type=file]").files[0];
  const name = dialog.querySelector("[name=model]").value.trim();
  const classes = dialog.querySelector("[name=classes]").value;
  if (!file) return tell({ sentence: "a file is wanted" });
  const words = new URLSearchParams({ name, classes, file_name: file.name.slice(0, 200) });
  const request = new XMLHttpRequest();
  request.upload.onprogress = (event) => tell({ sent: Math.floor((100 * event.loaded) / event.total) });
  request.onerror = () => tell({ sentence: "the machine cannot be reached" });
  request.onload = () => {
    const answer = JSON.parse(request.responseText || "{}");
    tell(request.status === 201 ? { model: answer.model } : { sentence: answer.detail || answer.title });
  };
  request.open("POST", `/api/v1/models/import?${words}`);
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.setRequestHeader("X-CSRF-Token", document.querySelector("meta[name=csrf]").content);
  request.send(file);
})();
"""
Done = Callable[[], Awaitable[None]]


def offer_bringing(visitor: Visitor, done: Done) -> None:
    """A button, for who may; ``done`` is called when there is another model."""
    if visitor.may(Permission.MODELS):
        button("Bring a model …", lambda: _Bringing(done).open(), "small")


class _Bringing:
    def __init__(self, done: Done) -> None:
        self._done = done

    def open(self) -> None:
        with dialog("Bring a model", is_kept=True) as self._dialog:
            words(ABOUT, kind="muted")
            with ui.element("div").classes("stack") as self._place:
                _field("File", "file", "file").props('accept=".onnx,.zip"')
                _field("Name", "model").props("maxlength=64 autocomplete=off")
                _field("Classes, where the file does not name them, as in car,bus", "classes").props("autocomplete=off")
                self._told = words("").props('role="status"')
            with ui.element("div").classes("line"):
                self._send_button = button("Bring it", self._send)
                button("Close", self._dialog.close, "quiet")
        self._place.on("told", self._on_told, js_handler="(event) => emit(event.detail)")

    def _send(self) -> None:
        self._lock(True)
        ui.run_javascript(SEND % {"place": self._place.html_id})

    async def _on_told(self, event: GenericEventArguments) -> None:
        told: dict[str, Any] = event.args
        if "sent" in told:
            self._told.text = f"{told['sent']} % sent" if told["sent"] < 100 else "Sent. It is being looked into …"
        elif "model" in told:
            notify(f"{told['model']} is in the store", is_good=True)
            self._dialog.close()
            await self._done()
        else:
            self._told.text = capital(str(told.get("sentence", "it was refused")))
            self._lock(False)

    def _lock(self, is_locked: bool) -> None:
        self._send_button.props["disabled"] = is_locked
        self._send_button.update()


def _field(label: str, name: str, kind: str = "text") -> ui.element:
    with ui.element("label").classes("field"):
        words(label, kind="name")
        made = ui.element("input").classes("chooser").props(f"type={kind}")
        made.props["name"], made.props["aria-label"] = name, label.split(",")[0]
    return made
