"""The page of models: what the machine reports, and what is in the store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from tests.control.panel.browser import DESKTOP, PHONE, Panel, needs_chromium, photograph, running_panel

pytestmark = [needs_chromium, pytest.mark.slow]


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    with running_panel(tmp_path_factory.mktemp("site"), {"gate": {"source": "rtsp://127.0.0.1:9/gate"}}) as panel:
        yield panel


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_it_tells_what_is_live(panel: Panel, chromium: Browser, size: ViewportSize) -> None:
    health = panel.site.until(lambda health: health.model is not None)
    assert health.model is not None
    with panel.page(chromium, size, role="viewer") as page:
        page.goto("/models")
        expect(page.get_by_text(health.model.backend, exact=True)).to_be_visible()
        expect(page.get_by_text(f"up to {health.model.rule.size_px}", exact=True)).to_be_visible()
        expect(page.get_by_text("It knows 2 classes")).to_be_visible()
        for name in health.model.names:
            expect(page.get_by_text(name, exact=True)).to_be_visible()
        expect(page.get_by_text(str(panel.site.ledger.parent.parent / "model.onnx")).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        photograph(page, "models")


def test_the_store_is_listed_with_its_measured_figures(panel: Panel, chromium: Browser) -> None:
    with panel.page(chromium, role="viewer") as page:
        page.goto("/models")
        demo = page.get_by_role("article").filter(has_text="demo, version 1")
        expect(demo.get_by_text("91.9 %")).to_be_visible()
        expect(demo.get_by_text("car, truck, bus, motorcycle, person")).to_be_visible()


def test_a_manifest_that_cannot_be_read_is_told_and_the_others_are_there(panel: Panel, chromium: Browser) -> None:
    broken = panel.site.ledger.parent / "engines" / "broken" / "3" / "manifest.toml"
    broken.parent.mkdir(parents=True)
    broken.write_text("name = <b>\n")
    with panel.page(chromium, role="viewer") as page:
        page.goto("/models")
        expect(page.get_by_role("article").filter(has_text="broken, version 3")).to_contain_text("must be TOML")
        expect(page.get_by_text("demo, version 1")).to_be_visible()
