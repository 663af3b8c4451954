"""The counts page in a real browser, in front of a ledger whose contents are known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from appliance.clock import wall_ns
from appliance.control.panel.count_view import CountView, period_of
from appliance.ledger.choice import Attribute, Choice
from appliance.ledger.ledger import Ledger
from appliance.ledger.pages import Page as LedgerPage
from appliance.ledger.queries import Bucket, Queries, Span
from appliance.ledger.sheets import counts_csv, crossings_csv
from tests.control.panel.browser import DESKTOP, PHONE, Panel, needs_chromium, photograph, running_panel
from tests.control.panel.ledgers import BERLIN, fill
from tests.ledger.asking import a_crossing, keep

pytestmark = [needs_chromium]
MARKUP = "<b onclick=alert(1)>cart</b>"
BOTH = {"from": [0.5, 1], "to": [0.5, 0]}
CAMERAS: dict[str, dict[str, object]] = {
    "gate": {
        "source": "rtsp://127.0.0.1:9/gate",
        "lines": [{"name": "bridge", **BOTH, "directions": {"forward": "northbound", "backward": "southbound"}}],
    },
    "yard": {
        "source": "rtsp://127.0.0.1:9/yard",
        "lines": [{"name": "ramp", **BOTH, "directions": {"forward": "in", "backward": "out"}}],
        "zones": [{"name": "island", "points": [[0.2, 0.2], [0.5, 0.2], [0.4, 0.4]]}],
    },
}


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    folder, now_ns = tmp_path_factory.mktemp("site"), wall_ns()
    ledger = folder / "data" / "ledger.sqlite"
    fill(ledger, 8, now_ns)
    with closing(Ledger(ledger, "odd")) as book:
        keep(book, a_crossing(period_of(CountView("7days"), now_ns, BERLIN).from_ns + 10**9, line="ramp", class_name=MARKUP))
    with running_panel(folder, CAMERAS, time_zone="Europe/Berlin") as panel:
        yield panel


@pytest.fixture(scope="module")
def page(panel: Panel, chromium: Browser) -> Iterator[Page]:
    """One for all, so that a browser loads the panel's scripts once."""
    with panel.page(chromium) as page:
        yield page


def asked(ledger: Path, view: CountView, groups: tuple[Attribute, ...]) -> list[Bucket]:
    """The same question to the ledger itself."""
    period = period_of(view, wall_ns(), BERLIN)
    with closing(Queries(ledger)) as book:
        span = Span(period.from_ns, period.to_ns, period.bucket, BERLIN)
        return book.counts(span, view.choice, groups, now_ns=wall_ns())


def table_row(page: Page, label: str) -> list[str]:
    row = page.locator(".data-table tbody tr", has=page.get_by_role("rowheader", name=label))
    return [text.strip() for text in row.locator("td").all_inner_texts()]


def totals(page: Page) -> list[str]:
    return [text.strip() for text in page.locator(".data-table tfoot td").all_inner_texts()]


def test_the_table_tells_what_the_ledger_knows(panel: Panel, page: Page) -> None:
    page.goto("/counts?range=yesterday")
    expect(page.get_by_role("columnheader", name="northbound")).to_be_visible()
    wanted = asked(panel.site.ledger, CountView("yesterday"), ("direction",))
    names = sorted({group[0] for bucket in wanted for group in bucket.counts})
    assert page.locator(".data-table thead th").all_inner_texts() == ["Time", *names, "All", "Seen"]
    for number, bucket in enumerate(wanted):
        cells = page.locator(".data-table tbody tr").nth(number).locator("td").all_inner_texts()
        counts = [bucket.counts.get((name,), 0) for name in names]
        assert [int(cell) if cell.isdigit() else 0 for cell in cells[:-1]] == [*counts, bucket.total]
    assert totals(page)[-2] == f"{sum(bucket.total for bucket in wanted):,}"


def test_what_nobody_saw_is_never_0(page: Page) -> None:
    page.goto("/counts?range=yesterday&camera=gate")
    expect(page.get_by_role("columnheader", name="northbound")).to_be_visible()
    assert table_row(page, "03:00–04:00") == ["not seen"] * 4
    assert table_row(page, "06:00–07:00")[-1] == "only 25 % seen"
    page.goto("/counts?range=yesterday")
    expect(page.get_by_role("columnheader", name="northbound")).to_be_visible()
    by_name = dict(zip(page.locator(".data-table thead th").all_inner_texts()[1:], table_row(page, "03:00–04:00")))
    assert by_name["northbound"] == by_name["southbound"] == "not seen"
    assert by_name["in"].isdigit()
    assert by_name["Seen"] == "only 50 % seen; nothing by gate"


def test_what_is_chosen_is_in_the_address_and_comes_back_with_it(page: Page) -> None:
    page.goto("/counts")
    page.get_by_role("button", name="7 days").click()
    expect(page.get_by_label("By", exact=True)).to_have_value("day")
    page.get_by_label("Compare").select_option(label="Class")
    expect(page.get_by_role("columnheader", name="truck")).to_be_visible()
    page.get_by_role("group", name="Chart").get_by_role("button", name="Lines").click()
    expect(page).to_have_url(re.compile(r"/counts\?range=7days&by=class&chart=lines$"))
    shown = totals(page)
    photograph(page, "counts-7days")
    page.reload()
    expect(page.get_by_role("columnheader", name="truck")).to_be_visible()
    assert totals(page) == shown
    expect(page.get_by_role("button", name="7 days")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Compare")).to_have_value("class")


def test_a_whole_day_that_nobody_saw_says_so(page: Page) -> None:
    page.goto("/counts?range=7days&by=nothing")
    expect(page.get_by_role("columnheader", name="Crossings")).to_be_visible()
    rows = page.locator(".data-table tbody tr.none")
    expect(rows).to_have_count(1)
    assert rows.locator("td").all_inner_texts() == ["not seen", "not seen"]
    expect(page.get_by_text("1 of 7 not seen")).to_be_visible()


def test_names_are_text(page: Page) -> None:
    page.goto("/counts?range=7days&by=class")
    expect(page.get_by_role("columnheader", name=MARKUP)).to_be_visible()
    expect(page.get_by_role("button", name=MARKUP)).to_be_visible()
    box = page.locator(".over-time .canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.08, box["y"] + box["height"] / 2)
    expect(page.locator(".over-time-tooltip")).to_contain_text(MARKUP)
    assert page.locator("b[onclick]").count() == 0


def test_the_sheets_are_those_of_the_ledger(panel: Panel, page: Page) -> None:
    page.goto("/counts?range=yesterday&by=class&camera=gate")
    with page.expect_download() as started:
        page.get_by_role("button", name="Download these (CSV)").click()
    view = CountView("yesterday", choice=Choice(cameras=("gate",)))
    wanted = b"".join(counts_csv(asked(panel.site.ledger, view, ("class",)), ("class",), BERLIN))
    assert Path(started.value.path()).read_bytes() == wanted
    assert re.fullmatch(r"site-counts-\d{4}-\d\d-\d\d\.csv", started.value.suggested_filename)
    with page.expect_download() as started:
        page.get_by_role("button", name="Download each crossing (CSV)").click()
    period = period_of(view, wall_ns(), BERLIN)
    with closing(Queries(panel.site.ledger)) as book:
        every = book.page(LedgerPage(10_000, newest_first=False, from_ns=period.from_ns, to_ns=period.to_ns), view.choice)
    assert Path(started.value.path()).read_bytes() == b"".join(crossings_csv(every, BERLIN))
    assert len(every) == sum(bucket.total for bucket in asked(panel.site.ledger, view, ()))


def test_only_some_can_be_chosen(panel: Panel, page: Page) -> None:
    page.goto("/counts?range=yesterday&by=camera")
    page.get_by_text("All cameras, lines, directions and classes").click()
    page.get_by_role("checkbox", name="gate").check()
    expect(page.get_by_text("Only gate")).to_be_visible()
    expect(page).to_have_url(re.compile("camera=gate"))
    wanted = asked(panel.site.ledger, CountView("yesterday", choice=Choice(cameras=("gate",))), ())
    expect(page.locator(".data-table tfoot td").first).to_have_text(f"{sum(bucket.total for bucket in wanted):,}")
    page.get_by_role("checkbox", name="gate").uncheck()
    expect(page.get_by_text("All cameras, lines, directions and classes")).to_be_visible()


def test_any_time_can_be_chosen_and_one_that_is_none_is_told(panel: Panel, page: Page) -> None:
    page.goto("/counts?range=yesterday")
    page.get_by_role("button", name="From … to …").click()
    start = page.get_by_label("From", exact=True)
    expect(start).to_have_value(re.compile(r"T00:00$"))
    start.fill(start.input_value().replace("T00:00", "T08:00"))
    start.blur()
    end = page.get_by_label("To", exact=True)
    end.fill(start.input_value().replace("T08:00", "T10:00"))
    end.blur()
    expect(page.get_by_label("By", exact=True)).to_have_value("quarter")
    expect(page.locator(".data-table tbody tr")).to_have_count(8)
    view = CountView("custom", start.input_value(), end.input_value())
    expect(page.locator(".data-table tfoot td").nth(-2)).to_have_text(
        f"{sum(bucket.total for bucket in asked(panel.site.ledger, view, ())):,}"
    )
    end.fill(start.input_value().replace("T08:00", "T07:00"))
    end.blur()
    expect(page.get_by_text("The end has to come after the beginning")).to_be_visible()
    expect(page.locator(".data-table")).to_be_hidden()


def test_how_full_the_zones_were(page: Page) -> None:
    page.goto("/counts?range=yesterday")
    page.get_by_role("button", name="Zones").click()
    expect(page.get_by_role("columnheader", name="island, on average")).to_be_visible()
    expect(page).to_have_url(re.compile("show=zones"))
    mean, most = table_row(page, "12:00–13:00")
    assert 0 < float(mean) <= int(most)
    photograph(page, "counts-zones")
    with page.expect_download() as started:
        page.get_by_role("button", name="Download these (CSV)").click()
    assert Path(started.value.path()).read_text("utf-8-sig").startswith("start,end,camera,zone,mean,most,complete")


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")], ids=["dark", "phone", "night"]
)
def test_it_fits_on_every_screen(panel: Panel, chromium: Browser, size: ViewportSize, scheme: str) -> None:
    with panel.page(chromium, size, color_scheme=scheme) as page:
        page.goto("/counts?range=yesterday")
        expect(page.get_by_role("columnheader", name="northbound")).to_be_attached()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.locator(".over-time canvas").bounding_box() is not None
        photograph(page, f"counts-{scheme}")


def test_everything_can_be_reached_with_the_keyboard(page: Page) -> None:
    page.goto("/counts?range=yesterday")
    expect(page.get_by_role("columnheader", name="northbound")).to_be_visible()
    reached = []
    page.locator("h1").click()
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.ariaLabel || document.activeElement.textContent.trim()"))
    for name in ("Yesterday", "7 days", "Bars", "Download these (CSV)", "Crossings over time"):
        assert any(name in text for text in reached), (name, reached)


def test_a_viewer_may_look_at_counts(panel: Panel, chromium: Browser) -> None:
    with panel.page(chromium, role="viewer") as page:
        page.goto("/counts?range=yesterday")
        expect(page.get_by_role("columnheader", name="northbound")).to_be_visible()
