"""What a hand does on the picture of a camera: lines drawn, dragged, named and saved."""

from __future__ import annotations

from playwright.sync_api import Page, expect

Spot = tuple[float, float]
# Where an element is as soon as it has not moved for 150 ms.
STILL = """(element) => new Promise((done) => {
    let last = "", since = performance.now();
    const look = (now) => {
        const { x, y, width, height } = element.getBoundingClientRect();
        const here = [x, y, width, height];
        if (String(here) !== last) [last, since] = [String(here), now];
        if (now - since > 150) done(here);
        else requestAnimationFrame(look);
    };
    look(since);
})"""


def on_picture(page: Page, spot: Spot) -> Spot:
    """Pixels of the page, once the picture stands still: what is around it may have just changed."""
    left, top, width, height = page.locator(".editor svg").evaluate(STILL)
    return left + spot[0] * width, top + spot[1] * height


def drag(page: Page, start: Spot, end: Spot) -> None:
    """With the mouse."""
    first, middle, last = (on_picture(page, spot) for spot in (start, ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2), end))
    page.mouse.move(*first)
    page.mouse.down()
    page.mouse.move(*middle)
    page.mouse.move(*last)
    page.mouse.up()


def drag_with_finger(page: Page, start: Spot, end: Spot) -> None:
    """As a phone tells of it."""
    session = page.context.new_cdp_session(page)
    steps = [start, ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2), end]
    for number, (x, y) in enumerate([on_picture(page, spot) for spot in steps]):
        kind = "touchMove" if number else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def press(page: Page, name: str) -> None:
    """A button."""
    page.get_by_role("button", name=name, exact=True).click()


def draw_line(page: Page, name: str, start: Spot, end: Spot) -> None:
    """And name it; it is not saved."""
    press(page, "Draw a line")
    expect(page.locator(".editor.drawing")).to_be_visible()
    drag(page, start, end)
    page.get_by_label("Name").fill(name)


def open_line(page: Page, name: str) -> None:
    """By the list beside the picture."""
    page.locator(".one-line", has_text=name).click()
    expect(page.get_by_role("heading", name="Edit line")).to_be_visible()


def save(page: Page, says: str) -> None:
    """Until it is in force."""
    press(page, "Save")
    expect(page.locator(".notice")).to_contain_text(says)
