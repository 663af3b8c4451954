"""The field in which the site's file is edited: CodeMirror, in the colours of the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nicegui import ui

from appliance.configuration.refusals import Fault

# It follows the theme of the page, is called something, and asks before somebody leaves with unsaved changes.
SET_UP = """
(async () => {
  const field = getElement(%d);
  await field.editorPromise;
  const dress = () => field.setTheme(document.documentElement.dataset.theme === "dark" ? "githubDark" : "githubLight");
  new MutationObserver(dress).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  dress();
  field.editor.contentDOM.setAttribute("aria-label", "The site's file");
  window.addEventListener("beforeunload", (event) => {
    if (window.hasUnsaved) event.preventDefault();
  });
})();
"""
HINT = "Tab indents a line. To leave the editor with the keyboard, press Escape and then Tab."


class EditorField:
    """A text with line numbers; lines with faults are marked."""

    def __init__(self, typed: Callable[[], None], *, is_read_only: bool) -> None:
        self._typed, self._is_dirty = typed, False
        self._is_loading = False
        with ui.element("div").classes("editor"):
            self._mirror = ui.codemirror("", language="YAML", indent="  ", on_change=self._changed)
        self._mirror.set_enabled(not is_read_only)
        ui.timer(0.05, lambda: ui.run_javascript(SET_UP % self._mirror.id), once=True)

    @property
    def text(self) -> str:
        """As it stands there now."""
        return str(self._mirror.value)

    @text.setter
    def text(self, text: str) -> None:
        self._is_loading = True
        self._mirror.set_value(text)
        self._is_loading = False

    @property
    def is_dirty(self) -> bool:
        """Whether something would be lost with the page."""
        return self._is_dirty

    @is_dirty.setter
    def is_dirty(self, is_dirty: bool) -> None:
        if is_dirty != self._is_dirty:
            self._is_dirty = is_dirty
            ui.run_javascript(f"window.hasUnsaved = {str(is_dirty).lower()}")

    def mark(self, faults: Sequence[Fault]) -> None:
        """The lines with faults."""
        last = self.text.count("\n") + 1
        lines = sorted({fault.line for fault in faults if 0 < fault.line <= last})
        self._mirror.decorations = [{"kind": "line", "line": line, "class": "is-faulty"} for line in lines]

    def reveal(self, line: int) -> None:
        """Go there."""
        self._mirror.reveal_line(min(line, self.text.count("\n") + 1))

    def _changed(self) -> None:
        if not self._is_loading:
            self._typed()
