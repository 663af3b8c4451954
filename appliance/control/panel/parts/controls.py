"""Small parts that pages are put together of: words, choices, figures, notices. All words are text, never markup."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement
from nicegui.events import GenericEventArguments

from appliance.control.panel.theme import asset

Act = Callable[[], Awaitable[None] | None]
Choose = Callable[[str], Awaitable[None] | None]
STYLE = "pages.css"
PICKED = "(event) => emit(event.target.value)"
CHECKED = "(event) => emit(event.target.checked)"


def use_style() -> None:
    """The style sheet of these parts, once per page."""
    ui.add_head_html(f'<link rel="stylesheet" href="{asset(STYLE)}">')


def words(text: str, tag: str = "span", kind: str = "") -> TextElement:
    """Text in an element of its own."""
    return TextElement(tag=tag, text=text).classes(kind)


def button(text: str, act: Act, kind: str = "") -> TextElement:
    """Something to do; ``kind`` is quiet, danger or small."""
    made = words(text, "button", f"button {kind}").props("type=button")
    return made.on("click", lambda: _on_page(made, act))


def _on_page(pressed: ui.element, act: Act) -> Awaitable[None] | None:
    """Act in the name of the page: what was pressed may be gone before everything is done."""
    with pressed.client:
        done = act()
    return None if done is None else _awaited(pressed, done)


async def _awaited(pressed: ui.element, done: Awaitable[None]) -> None:
    with pressed.client:
        await done


def segments(name: str, options: Mapping[str, str], chosen: str, choose: Choose) -> None:
    """One of a few, all of them in sight."""
    with ui.element("div").props('role="group"').classes("segments") as group:
        group.props["aria-label"] = name
        buttons: dict[str, TextElement] = {}

        def pick(value: str) -> Awaitable[None] | None:
            for other, made in buttons.items():
                made.props["aria-pressed"] = "true" if other == value else "false"
                made.update()
            return choose(value)

        for value, text in options.items():
            made = words(text, "button", "segment").props("type=button")
            made.props["aria-pressed"] = "true" if value == chosen else "false"
            buttons[value] = made.on("click", lambda value=value: _on_page(group, lambda: pick(value)))


def chooser(name: str, options: Mapping[str, str], chosen: str, choose: Choose) -> ui.element:
    """One of several."""
    with field(name):
        with ui.element("select").classes("chooser") as made:
            # What a label is around counts as its text.
            made.props["aria-label"] = name
            for value, text in options.items():
                option = words(text, "option")
                option.props["value"] = value
                option.props["selected"] = value == chosen
        return made.on("change", lambda event: _on_page(made, lambda: choose(str(event.args))), js_handler=PICKED)


def entry(name: str, value: str, change: Choose, kind: str = "text") -> ui.element:
    """A field of the browser's own, for a date, a time, a word."""
    with field(name):
        made = ui.element("input").classes("chooser")
        # The attribute is what it begins with; a property Vue would put back with whatever changes while somebody types.
        made.props["type"], made.props["^value"] = kind, value
        return made.on("change", lambda event: _on_page(made, lambda: change(str(event.args))), js_handler=PICKED)


@contextmanager
def field(name: str) -> Iterator[None]:
    """Something to fill in, and what it is called."""
    with ui.element("label").classes("field"):
        words(name, kind="name")
        yield


def checks(
    name: str, options: Sequence[str], chosen: Sequence[str], choose: Callable[[tuple[str, ...]], Awaitable[None] | None]
) -> None:
    """Some of several; none of them means all."""
    picked = dict.fromkeys(option for option in chosen)

    def toggle(option: str, event: GenericEventArguments) -> Awaitable[None] | None:
        if event.args:
            picked[option] = None
        else:
            picked.pop(option, None)
        return choose(tuple(picked))

    with ui.element("fieldset") as group:
        words(name, "legend")
        for option in (*options, *(one for one in chosen if one not in options)):
            with ui.element("label").classes("check"):
                box = ui.element("input").props("type=checkbox")
                box.props["checked"] = option in picked
                box.on("change", lambda event, option=option: _on_page(group, lambda: toggle(option, event)), js_handler=CHECKED)
                words(option)


def figure(name: str, value: str, note: str = "", *, is_text: bool = False) -> None:
    """A number that is seen first."""
    with ui.element("div").classes("tally"):
        words(name, kind="name")
        words(value, kind="value text" if is_text else "value")
        if note:
            words(note, kind="note")


@contextmanager
def notice(kind: str = "", *, is_urgent: bool = False) -> Iterator[ui.element]:
    """Something to know: ``kind`` is bad, careful or good. What is urgent is read out at once."""
    with ui.element("div").classes(f"note-box {kind}").props(f'role="{"alert" if is_urgent else "status"}"') as box:
        yield box


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Names and what they stand for."""
    with ui.element("dl").classes("pairs"):
        for name, value in pairs:
            words(name, "dt")
            words(value, "dd")


@contextmanager
def section(title: str) -> Iterator[None]:
    """A part of a page with a heading."""
    with ui.element("section").classes("card stack"):
        words(title, "h2")
        yield
