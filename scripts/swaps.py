"""Two models take turns on two live cameras: what each swap costs the counting.

usage: scripts/swaps.py VIDEO MODEL OTHER [--swaps 20]

For each swap the pause between the last batch of the one model and the first of the other, beside what a picture takes the other
one; in the end how many frames every camera skipped, and whether track numbers went on. Exit code 1 where a pause is longer than
a picture takes and 20 ms, or a model was not kept.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from appliance.ipc.requests import ask  # noqa: E402  # from this checkout
from appliance.messages import Activate, CameraHealth  # noqa: E402
from appliance.swap.journal import Step, steps_in  # noqa: E402
from appliance.topics import REQUESTS  # noqa: E402
from tests.cameras import Camera  # noqa: E402
from tests.system.sites import Site, camera_in, state_of  # noqa: E402

LINE = {"name": "gate", "from": [0.0, 0.6], "to": [1.0, 0.6]}
GATES = {"shadow_s": 2, "shadow_share": 0.5, "shadow_longest_s": 60, "probation_s": 4, "slowest": 50}
SLACK_MS, LONGEST_S = 20.0, 180.0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def swapped(site: Site, folder: Path, model: Path) -> tuple[bool, float, float]:
    """Whether it was kept, its pause, and what a picture takes it, in milliseconds."""
    sockets = next(folder.glob(f"appliance-{site.process.pid}-*"))
    answer = ask(sockets, REQUESTS, Activate(str(model), "swaps", is_forced=True), 10.0)
    if answer is None or not answer.is_done:
        sys.exit(f"swaps: a swap is wanted, found {answer}")
    health = site.until(
        lambda health: health.swap is not None and health.swap.is_over and health.swap.model == str(model), LONGEST_S
    )
    swap = health.swap
    assert swap is not None
    steps = {step.step: step for step in steps_in(site.ledger.parent, 40) if step.swap == swap.number}
    return swap.step == "kept", figure(steps.get("switched"), "pause_ms"), figure(steps.get("kept"), "picture_ms")


def figure(step: Step | None, name: str) -> float:
    """Of the journal."""
    return (step.figures or {}).get(name, float("nan")) if step is not None else float("nan")


def strays(site: Site, camera: str) -> int:
    """Crossings whose track has a number that is far behind one that came before."""
    with closing(sqlite3.connect(site.ledger)) as connection:
        rows = connection.execute("SELECT track_id FROM crossings WHERE camera = ? ORDER BY sequence", (camera,)).fetchall()
    highest = found = 0
    for (track,) in rows:
        found += track < highest - 50
        highest = max(highest, track)
    return found


def told(camera: CameraHealth) -> str:
    """What became of its frames."""
    skipped = camera.skipped_busy + camera.skipped_stale
    return f"{camera.name}: {camera.frames} frames, {skipped} skipped, connected {camera.connections} times"


def main() -> int:
    """Swap, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("video", "model", "other"):
        parser.add_argument(name, type=lambda text: Path(text).resolve())
    parser.add_argument("--swaps", type=int, default=20)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Camera(wanted.video) as gate, Camera(wanted.video) as yard:
        folder = Path(name)
        site = Site(folder, {camera: {"source": at.url, "lines": [LINE]} for camera, at in (("gate", gate), ("yard", yard))})
        site.tree |= {"detector": {"model": str(wanted.model)}, "gates": GATES}
        bad = 0
        with site:
            for camera in ("gate", "yard"):
                site.until(state_of(camera, "ok"), LONGEST_S)
            for number in range(wanted.swaps):
                is_kept, pause_ms, picture_ms = swapped(site, folder, (wanted.other, wanted.model)[number % 2])
                is_good = is_kept and pause_ms <= picture_ms + SLACK_MS
                bad += not is_good
                say(
                    f"{number + 1:2}: {'kept' if is_kept else 'not kept'}, pause {pause_ms:.1f} ms, a picture {picture_ms:.1f} ms"
                )
            health = site.health()
            for camera in ("gate", "yard"):
                say(f"{told(camera_in(health, camera))}, {strays(site, camera)} crossings with a number from before")
                bad += strays(site, camera)
            site.stop()
        say(f"{wanted.swaps - bad} of {wanted.swaps} as they should be")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
