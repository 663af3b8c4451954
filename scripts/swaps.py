"""Two models take turns: on two live cameras, what each swap costs; over a clip that was counted by hand, whether it stays true.

usage: scripts/swaps.py VIDEO MODEL OTHER [--swaps 20] [--fixed 448x768]
       scripts/swaps.py VIDEO MODEL OTHER --line 0,0.7,1,0.7 --truth 35,36 --last 735 [--swaps 20]

OTHER is a second model; with ``--fixed`` it is made so that it takes pictures of that size only. Live, for each swap the pause
between the last batch of the one model and the first of the other, beside what a picture takes the other one; in the end of every
camera how many frames were looked at and skipped, and how often most tracks have ended at once, which is once for every time that
the video begins again. With the truth, forward and backward, the file is played again and again until there were so many swaps.
Exit code 1 where a pause is longer than a picture takes and 20 ms, a model was not kept, a frame is missing that nobody has
skipped, tracks are torn, or the count is another one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from appliance.messages.health import CameraHealth, Health  # noqa: E402  # from this checkout
from tests.cameras import Camera  # noqa: E402
from tests.system.sites import Site, camera_in, state_of  # noqa: E402
from tests.system.turns import Turn, newest_frame, play, torn, tracks_of, turn, write_fixed  # noqa: E402

GATES = {"shadow_s": 2, "shadow_share": 0.5, "shadow_longest_s": 60, "probation_s": 4, "slowest": 50}
SLACK_MS, LONGEST_S = 20.0, 180.0
CAMERAS = ("gate", "yard")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def is_good(number: int, one: Turn) -> bool:
    """Whether this swap is as it should be; told, too."""
    say(f"{number:2}: {one.end}, pause {one.pause_ms:.1f} ms, a picture {one.picture_ms:.1f} ms {one.sentence}")
    return one.end == "kept" and one.pause_ms <= one.picture_ms + SLACK_MS


def frames_are_good(site: Site, camera: CameraHealth, last: int, video_frames: int) -> bool:
    """Whether every frame up to the last that this health knows of was looked at or skipped, and tracks went on."""
    tracks = {frame: seen for frame, seen in tracks_of(site, camera.name).items() if frame <= last}
    frames = sorted(tracks)
    missing = frames[-1] - frames[0] + 1 - len(frames)
    skipped = camera.skipped_busy + camera.skipped_stale
    ends = len(torn(tracks))
    say(
        f"{camera.name}: connected {camera.connections} times, frames {frames[0]} to {frames[-1]}, {missing} not looked at,"
        f" of which skipped as too many {min(skipped, missing)}; most tracks ended at once {ends} times"
    )
    return missing <= skipped and ends <= (frames[-1] - frames[0]) // video_frames + 1


def live(wanted: argparse.Namespace, folder: Path, video_frames: int) -> int:
    """How many things were wrong."""
    with Camera(wanted.video) as gate, Camera(wanted.video) as yard:
        site = Site(folder, {name: {"source": at.url} for name, at in zip(CAMERAS, (gate, yard))})
        site.tree |= {"detector": {"model": str(wanted.model)}, "gates": GATES, "counter": {"record_tracks": True}}
        with site:
            for camera in CAMERAS:
                site.until(state_of(camera, "ok"), LONGEST_S)
            models = (wanted.other, wanted.model)
            bad = sum(not is_good(n + 1, turn(site, models[n % 2], is_forced=True)) for n in range(wanted.swaps))
            last = {camera: newest_frame(site, camera) for camera in CAMERAS}
            # What is told from now on knows of them all.
            site.health()
            health: Health = site.health()
            site.stop()
        return bad + sum(not frames_are_good(site, camera_in(health, name), last[name], video_frames) for name in CAMERAS)


def counts(wanted: argparse.Namespace, folder: Path) -> int:
    """How many passes were wrong."""
    x_0, y_0, x_1, y_1 = map(float, wanted.line.split(","))
    line: dict[str, object] = {"name": "road", "from": [x_0, y_0], "to": [x_1, y_1], "classes": ["car", "truck", "bus"]}
    truth = dict(zip(("forward", "backward"), map(int, wanted.truth.split(","))))
    swaps = bad = passes = 0
    while swaps < wanted.swaps:
        passes += 1
        seen = play(folder / str(passes), wanted.video, (wanted.model, wanted.other), [line], wanted.last)
        swaps += len(seen.turns)
        found = Counter(direction for _, direction, _ in seen.crossings)
        is_good = seen.is_whole and not torn(seen.tracks) and found == truth
        pauses = ", ".join(f"{each.pause_ms:.0f}" for each in seen.turns)
        say(f"pass {passes}: {dict(found)}, {len(seen.tracks)} frames, pauses of {pauses} ms{'' if is_good else ': wrong'}")
        bad += not is_good
    say(f"{swaps} swaps in {passes} passes")
    return bad


def main() -> int:
    """Swap, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("video", "model", "other"):
        parser.add_argument(name, type=lambda text: Path(text).resolve())
    parser.add_argument("--swaps", type=int, default=20)
    parser.add_argument("--frames", type=int, default=751, help="of the video")
    for name in ("--fixed", "--line", "--truth"):
        parser.add_argument(name)
    parser.add_argument("--last", type=int, default=0)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if wanted.fixed:
            height, width = map(int, wanted.fixed.split("x"))
            wanted.other = write_fixed(wanted.other, folder / "fixed.onnx", height, width)
        bad = counts(wanted, folder) if wanted.truth else live(wanted, folder, wanted.frames)
    say("all as it should be" if not bad else f"{bad} not as they should be")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
