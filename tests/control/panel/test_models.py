"""The page of models: what the machine reports, and what is in the store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from tests.cameras import Camera, needs_gstreamer
from tests.control.panel.browser import DESKTOP, PHONE, STARTS_WITHIN_S, Panel, needs_chromium, photograph, running_panel
from tests.control.panel.looks import assert_fits, assert_readable
from tests.system.cli import run_cli
from tests.system.models import write_detector
from tests.system.videos import Encoding, traffic, write_video

pytestmark = [needs_chromium, pytest.mark.slow]


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    with running_panel(tmp_path_factory.mktemp("site"), {"gate": {"source": "rtsp://127.0.0.1:9/gate"}}) as panel:
        yield panel


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_it_tells_what_is_live(panel: Panel, chromium: Browser, size: ViewportSize) -> None:
    health = panel.site.until(lambda health: health.model is not None, STARTS_WITHIN_S)
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


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    """A machine that counts a road, with another model in its store."""
    folder = tmp_path_factory.mktemp("road")
    clip = write_video(folder / "traffic.mp4", traffic(4), Encoding(options={"g": "25", "bf": "0"}))
    other = write_detector(folder / "other.onnx", classes=("car", "bus", "person"))
    brought = run_cli("models", "import", str(other), "--name", "other", "--set", f"data_dir={folder / 'data'}")
    assert brought.exit_code == 0, brought.stderr
    gates = {"shadow_s": 2, "shadow_share": 1.0, "shadow_longest_s": 60, "probation_s": 3, "slowest": 50}
    with (
        Camera(clip) as gate,
        running_panel(folder, {"gate": {"source": gate.url}}, roles=("operator", "viewer"), gates=gates) as panel,
    ):
        panel.site.until_counted("gate", 2)
        yield panel


@needs_gstreamer
def test_a_model_is_put_to_work_and_taken_back_while_it_counts(road: Panel, chromium: Browser) -> None:
    with road.page(chromium, role="operator") as page:
        page.goto("/models")
        page.get_by_role("button", name="Put other@1 to work").click()
        page.get_by_role("dialog").get_by_role("button", name="Put to work").click()
        expect(page.get_by_text("Other@1 is being brought in")).to_be_visible()
        photograph(page, "models-swap")
        expect(page.get_by_text("Other@1 counts now")).to_be_visible()
        expect(page.locator(".stage.done")).to_have_count(8)
        expect(page.get_by_role("article").filter(has_text="other, version 1")).to_contain_text("named in the configuration")
        road.site.until(lambda health: health.model_name == "other@1")
        road.site.until_counted("gate", 2)
        page.get_by_role("button", name="Back to the model before …").click()
        page.get_by_role("dialog").get_by_role("button", name="Go back").click()
        expect(page.get_by_role("row").nth(1)).to_contain_text("model.onnx")
        expect(page.get_by_role("row").nth(1)).to_contain_text("counts now")
        expect(page.get_by_role("row").nth(2)).to_contain_text("the-operator")
        photograph(page, "models-swapped")
    with road.page(chromium, PHONE, role="viewer") as page:
        page.goto("/models")
        expect(page.get_by_role("heading", name="Swaps")).to_be_visible()
        assert page.get_by_role("button", name=re.compile("work|before")).count() == 0
        assert_fits(page)
        assert_readable(page)


@needs_gstreamer
def test_a_swap_can_be_called_off(road: Panel, chromium: Browser) -> None:
    with road.page(chromium, role="operator") as page:
        page.goto("/models")
        page.get_by_role("button", name="Put other@1 to work").click()
        page.get_by_role("dialog").get_by_role("button", name="Put to work").click()
        page.get_by_role("button", name="Call it off").click()
        expect(page.get_by_text("Other@1 was called off")).to_be_visible()
        expect(page.locator(".stage.failed")).to_have_count(1)
        health = road.site.until(lambda health: health.swap is not None and health.swap.step == "called off")
        assert health.model_name != "other@1"


@needs_gstreamer
def test_a_model_is_brought_by_the_browser(road: Panel, chromium: Browser, tmp_path: Path) -> None:
    with road.page(chromium, role="operator", expects=("status of 422",)) as page:
        page.goto("/models")
        page.get_by_role("button", name="Bring a model …").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Bring it").click()
        expect(dialog.get_by_text("A file is wanted")).to_be_visible()
        (tmp_path / "words.onnx").write_text("no model")
        dialog.get_by_label("File").set_input_files(tmp_path / "words.onnx")
        dialog.get_by_label("Name").fill("brought")
        dialog.get_by_role("button", name="Bring it").click()
        expect(dialog.get_by_text("An ONNX model, a checkpoint, an engine or an archive of a model is wanted")).to_be_visible()
        photograph(page, "models-bring")
        dialog.get_by_label("File").set_input_files(write_detector(tmp_path / "brought.onnx", classes=("tram", "car")))
        dialog.get_by_role("button", name="Bring it").click()
        expect(page.get_by_role("article").filter(has_text="brought, version 1")).to_contain_text("tram, car")
    with road.page(chromium, role="viewer") as page:
        page.goto("/models")
        expect(page.get_by_role("article").first).to_be_visible()
        expect(page.get_by_role("button", name="Bring a model …")).to_have_count(0)
