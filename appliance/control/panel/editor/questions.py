"""What is asked before anything is lost."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from nicegui import ui

from appliance.control.panel.editor.draft import Draft
from appliance.control.panel.editor.elements import button, words


async def may_discard(root: ui.element, draft: Draft) -> bool:
    """Whether what was not saved may go."""
    question = f"Discard the new {draft.kind}?" if draft.is_new else f"Discard your changes to {draft.origin}?"
    return await _ask(root, question, "They have not been saved.", ("Discard", "Keep editing")) == "Discard"


async def may_delete(root: ui.element, shape: Draft) -> bool:
    """Whether nothing shall be counted there any more."""
    reason = f"What was counted at {shape.origin} stays. Nothing more will be counted there."
    return await _ask(root, f"Delete the {shape.kind} {shape.origin}?", reason, ("Delete", "Cancel")) == "Delete"


async def wants_theirs(root: ui.element) -> bool:
    """Whether what somebody else has saved shall take the place of what one has not."""
    reason = "Nothing of yours is saved. Load their lines and zones, or keep yours open over theirs, look, and save again."
    question = "Someone else has changed this camera meanwhile"
    return await _ask(root, question, reason, ("Load theirs", "Keep mine open")) == "Load theirs"


async def _ask(root: ui.element, question: str, reason: str, answers: Sequence[str]) -> str:
    """One of the answers, the first of which does something; the last where the question is put away."""
    with root, ui.dialog() as dialog, ui.card().classes("stack question").props('role="alertdialog" aria-modal="true"'):
        words(question, "h2")
        words(reason)
        with ui.element("div").classes("line"):
            for number, answer in enumerate(answers):
                button(answer, partial(dialog.submit, answer), "" if number == 0 else "quiet")
    chosen = await dialog
    dialog.delete()
    return answers[-1] if chosen is None else str(chosen)
