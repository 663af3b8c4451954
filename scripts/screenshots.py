"""The pictures of the panel in the README: two painted streets, played by cameras on loopback, counted by the demo model.

usage: scripts/screenshots [--to docs]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, expect

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from tests.cameras import Camera  # noqa: E402  # from this checkout
from tests.control.panel.browser import PATIENCE_MS, Panel, running_chromium, running_panel  # noqa: E402
from tests.system.sites import state_of  # noqa: E402

SIZE = ViewportSize(width=1280, height=800)
STREETS = {"high-street": 82, "station-road": 7}
SECONDS, LEAST_COUNTED = 45, 8
QUALITY = 80


def painted(folder: Path, seed: int) -> tuple[Path, list[dict[str, object]]]:
    """A clip of a street, and its lines as a site's file has them."""
    clip, truth = folder / f"{seed}.mp4", folder / f"{seed}.json"
    words = ["scene", "--out", str(clip), "--truth", str(truth), "--seed", str(seed), "--seconds", str(SECONDS)]
    words += ["--light", "day", "--no-rain", "--density", "1.5"]
    subprocess.run([sys.executable, "-m", "appliance", *words], cwd=REPOSITORY, check=True, capture_output=True)
    lines = json.loads(truth.read_text())["lines"]
    return clip, [
        {"name": name, "from": line["points"][0], "to": line["points"][1], "classes": line["classes"]}
        for name, line in lines.items()
    ]


def first_page(page: Page) -> None:
    """All cameras."""
    page.goto("/")
    for place in range(len(STREETS)):
        page.locator(".tile img").nth(place).wait_for()
        page.wait_for_function(f"document.querySelectorAll('.tile img')[{place}]?.naturalWidth > 0")


def editor(page: Page) -> None:
    """A line that is being drawn across the road, and what it would have counted."""
    page.goto("/camera/high-street")
    expect(page.locator(".editor .waiting")).to_have_count(0)
    page.locator(".one-line", has_text="road").click()
    expect(page.get_by_role("heading", name="Edit line")).to_be_visible()
    expect(page.locator(".trial .sums li").first).to_be_visible()


def photograph(panel: Panel, browser: Browser, folder: Path) -> None:
    """Both pages."""
    for name, show in (("live", first_page), ("camera", editor)):
        with panel.page(browser, SIZE, "admin") as page:
            show(page)
            # One picture more, with the boxes of this moment.
            page.wait_for_timeout(1500)
            page.screenshot(path=folder / f"{name}.jpg", type="jpeg", quality=QUALITY)


def main() -> None:
    """Paint, count, look."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=REPOSITORY / "docs")
    folder = parser.parse_args().to
    expect.set_options(timeout=PATIENCE_MS)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        cameras: dict[str, dict[str, object]] = {}
        for street, seed in STREETS.items():
            clip, lines = painted(Path(name), seed)
            cameras[street] = {"source": stack.enter_context(Camera(clip)).url, "lines": lines}
        panel = stack.enter_context(running_panel(Path(name), cameras, site="old-town", detector={"model": "demo"}))
        for street in STREETS:
            panel.site.until(state_of(street, "ok"), 120)
            panel.site.until_counted(street, LEAST_COUNTED)
        photograph(panel, stack.enter_context(running_chromium()), folder)


if __name__ == "__main__":
    main()
