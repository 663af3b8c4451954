"""How many cameras of 1080p25 a real machine holds without skipping a frame, for scripts/bench_gpu.py."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from appliance.building.request import Calculates
from appliance.catalogue.building import BuildWish, build_engine
from appliance.catalogue.importing import Wish, import_model
from appliance.errors import Refusal
from appliance.models.store import stores_of
from appliance.site_file import parse_site
from tests.system.sites import Site
from tests.system.videos import Encoding, traffic, write_video

SIZE = (1920, 1080)
PASSES = 20
STEPS = (1, 2, 4, 8, 16, 32)
# Starting, with all its decoders; and then what is measured.
SETTLING_S, MEASURED_S = 25.0, 10.0
# More cameras would not do better.
HOPELESS = 0.05
LINE = {"name": "gate", "from": [0.0, 0.6], "to": [1.0, 0.6]}


def held(model: Path, seconds: float, say: Callable[[str], None]) -> dict[str, object]:
    """The most cameras of which none skipped a frame, and what each number of them skipped; as far as there is time."""
    until = time.monotonic() + seconds
    found: dict[str, object] = {"held": 0, "backend": "", "skipped_share": {}}
    shares: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="bench-streams-") as name:
        folder = Path(name)
        clip = write_video(folder / "clip.mp4", traffic(PASSES, SIZE), Encoding(options={"g": "25", "bf": "0"}))
        detector = prepared(folder, model, say)
        for cameras in STEPS:
            if time.monotonic() + SETTLING_S + MEASURED_S > until:
                break
            share, backend = skipped_share(folder, clip, detector, cameras)
            shares[str(cameras)] = share
            say(f"{cameras} cameras of 1080p25 on {backend}: {share:.2%} of the frames skipped")
            found |= {"backend": backend, "skipped_share": shares}
            if share > HOPELESS:
                break
            if share == 0:
                found["held"] = cameras
    return found


def prepared(folder: Path, model: Path, say: Callable[[str], None]) -> dict[str, object]:
    """The detector's settings: a kept model, with an engine where one can be built."""
    data_dir, detector = folder / "data", {"model": "bench"}
    import_model(Wish(model, "bench", "the bench"), stores_of(data_dir))
    site = parse_site({"cameras": [], "detector": detector, "data_dir": str(data_dir)}, (), "the bench")
    try:
        build_engine(BuildWish("bench", Calculates.FP16, site, max_batch=8), stores_of(data_dir))
    except Refusal as refusal:
        say(f"cameras are measured without TensorRT: {refusal.sentence}")
    return {"detector": detector, "data_dir": str(data_dir)}


def skipped_share(folder: Path, clip: Path, detector: dict[str, object], cameras: int) -> tuple[float, str]:
    """Of the frames of that many cameras, once all of them count."""
    place = folder / str(cameras)
    place.mkdir()
    sources = {f"camera-{number}": {"source": str(clip), "pace": "live", "lines": [LINE]} for number in range(cameras)}
    site = Site(place, sources)  # type: ignore[arg-type]
    site.tree |= detector
    with site:
        before = site.until(lambda health: bool(health.cameras) and all(each.frames > 25 for each in health.cameras), SETTLING_S)
        end = time.monotonic() + MEASURED_S
        after = site.until(lambda health: time.monotonic() > end, 2 * MEASURED_S)
        site.stop()
    backend = "" if after.model is None else after.model.backend
    then = {each.name: each for each in before.cameras}
    frames = sum(each.frames - then[each.name].frames for each in after.cameras)
    skipped = sum(
        each.skipped_busy + each.skipped_stale - then[each.name].skipped_busy - then[each.name].skipped_stale
        for each in after.cameras
    )
    return skipped / max(1, frames + skipped), backend
