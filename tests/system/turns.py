"""Models that take turns while a machine counts: what each swap cost, and what became of the frames and the tracks meanwhile."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import onnx

from appliance.boxes import Tracks
from appliance.ipc.requests import ask
from appliance.messages.message import Unpacker
from appliance.messages.questions import Activate, Answer, CallOff
from appliance.swap.journal import Step, steps_in
from appliance.topics import REQUESTS
from tests.system.sites import Site

ANSWERS_WITHIN_S, LONGEST_S = 60.0, 180.0
# A picture's tracks are torn where most of them are seen in none of the next pictures.
# A swap in the time of a short clip.
HASTY = {"shadow_s": 1, "shadow_share": 0.3, "shadow_longest_s": 60, "probation_s": 1, "slowest": 50}
NEARLY_FRAMES = 100
FEWEST_TRACKS, SOON_FRAMES, MOST = 4, 12, 0.5

TRACKS = Unpacker[Tracks](Tracks)


@dataclass(frozen=True)
class Turn:
    """One swap: how it ended, the pause of the detector, and what a picture took the new model, as it measured itself."""

    end: str
    sentence: str
    pause_ms: float
    picture_ms: float


def tell(site: Site, question: Activate | CallOff) -> Answer:
    """Ask the machine, as the command line does."""
    sockets = next(site.ledger.parent.parent.glob(f"appliance-{site.process.pid}-*"))
    answer = ask(sockets, REQUESTS, question, ANSWERS_WITHIN_S)
    assert answer is not None, "the machine does not answer"
    return answer


def turn(site: Site, model: Path | None = None, *, is_forced: bool = False) -> Turn:
    """Bring another model, or the one before, and wait for what comes of it."""
    newest = steps_in(site.ledger.parent, 1)
    before = newest[0].swap if newest else 0
    answer = tell(site, Activate("" if model is None else str(model), "somebody", is_forced))
    assert answer.is_done, answer.sentence
    health = site.until(lambda health: health.swap is not None and health.swap.is_over and health.swap.number > before, LONGEST_S)
    assert health.swap is not None
    steps = {step.step: step for step in steps_in(site.ledger.parent, 40) if step.swap == health.swap.number}
    return Turn(
        health.swap.step,
        health.swap.sentence,
        _figure(steps.get("switched"), "pause_ms"),
        _figure(steps.get("kept"), "picture_ms"),
    )


def _figure(step: Step | None, name: str) -> float:
    return (step.figures or {}).get(name, float("nan")) if step is not None else float("nan")


def tracks_of(site: Site, camera: str) -> dict[int, Tracks]:
    """By frame, of a site that records them; every frame that was looked at is there, also one without tracks."""
    with closing(sqlite3.connect(site.ledger)) as connection:
        rows = connection.execute("SELECT frame, content FROM tracks WHERE camera = ? ORDER BY frame", (camera,)).fetchall()
    return {frame: TRACKS.decode(content) for frame, content in rows}


def torn(tracks: dict[int, Tracks]) -> list[int]:
    """The frames after which most numbers are not seen again."""
    frames = sorted(tracks)
    seen = [set(tracks[frame].ids[tracks[frame].confirmed].tolist()) for frame in frames]
    found = []
    for place, (frame, ids) in enumerate(zip(frames, seen)):
        later = seen[place + 1 : place + 1 + SOON_FRAMES]
        if len(ids) >= FEWEST_TRACKS and later and len(ids & set().union(*later)) < MOST * len(ids):
            found.append(frame)
    return found


def crossings_of(site: Site, camera: str, last_frame: int) -> list[tuple[str, str, int]]:
    """Line, direction and frame of each up to this frame."""
    query = "SELECT line, direction, frame FROM crossings WHERE camera = ? AND frame <= ? ORDER BY frame"
    with closing(sqlite3.connect(site.ledger)) as connection:
        return [(line, direction, frame) for line, direction, frame in connection.execute(query, (camera, last_frame))]


@dataclass(frozen=True)
class Pass:
    """A video from its first frame to the last that counts, while two models took turns."""

    turns: list[Turn]
    tracks: dict[int, Tracks]
    crossings: list[tuple[str, str, int]]
    """Line, direction and frame of each."""

    @property
    def is_whole(self) -> bool:
        """Every frame was looked at, and all were kept."""
        return sorted(self.tracks) == list(range(len(self.tracks))) and {each.end for each in self.turns} == {"kept"}


def play(folder: Path, video: Path, models: tuple[Path, Path], lines: list[dict[str, object]], last_frame: int) -> Pass:
    """The second model is brought, and then the one before again and again, until the video is nearly over."""
    folder.mkdir(exist_ok=True)
    site = Site(folder, {"road": {"source": str(video), "pace": "played", "lines": lines}})
    site.tree |= {"detector": {"model": str(models[0])}, "gates": HASTY, "counter": {"record_tracks": True}}
    with site:
        site.until(lambda health: health.model is not None, LONGEST_S)
        turns = [turn(site, models[1], is_forced=True)]
        while newest_frame(site, "road") < last_frame - NEARLY_FRAMES:
            turns.append(turn(site))
        site.until(lambda _: newest_frame(site, "road") >= last_frame, LONGEST_S)
        # What has been seen is counted before it ends.
        assert site.stop() == 0
    return Pass(turns, tracks_of(site, "road"), crossings_of(site, "road", last_frame))


def newest_frame(site: Site, camera: str) -> int:
    """Of those whose tracks are in the ledger; -1 where there are none."""
    with closing(sqlite3.connect(site.ledger)) as connection:
        [(newest,)] = connection.execute("SELECT coalesce(max(frame), -1) FROM tracks WHERE camera = ?", (camera,))
    return int(newest)


def write_fixed(model: Path, path: Path, height: int, width: int) -> Path:
    """The same network for pictures of one size only, as one is exported that shall be fast."""
    proto = onnx.load(str(model))
    shape = proto.graph.input[0].type.tensor_type.shape
    shape.dim[2].dim_value, shape.dim[3].dim_value = height, width
    for value in proto.graph.output:
        value.type.tensor_type.ClearField("shape")
    del proto.graph.value_info[:]
    onnx.save(onnx.shape_inference.infer_shapes(proto), str(path))
    return path
