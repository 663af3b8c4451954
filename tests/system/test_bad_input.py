"""Bad input, handed to the real command line: one sentence that says what was wanted and found, and nothing left behind."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import pytest

from tests.system.conftest import Appliance, may_everything, sentence_of
from tests.system.models import CLASSES, write_detector, write_model
from tests.system.videos import (
    FAST_START,
    cut,
    join,
    numbered_picture,
    traffic,
    write_header,
    write_sound,
    write_video,
)

FAILED, USAGE = 1, 2  # exit codes
SMALL = "--set=detector.input_px=128"
HERE = "{here}"  # the folder with the files
LINE = "--line=middle=0.5,1,0.5,0"

IDENTITY = "same (float[{0}] images) => (float[{0}] output0) {{ output0 = Identity (images) }}"
MEANS = "mean (float[N,3,H,W] images) => (float[N,3] output0) <int64[2] a = {2, 3}> { output0 = ReduceMean <keepdims=0> (images, a) }"
TWO = "two (float[N,3,H,W] images) => (float[N,3,H,W] a, float[N,3,H,W] b) { a = Identity (images) b = Identity (images) }"
STIFF = "stiff (float[N,3,H,W] images) => (float[N,6,A] a) <int64[3] s = {1, 6, 77}> { a = Reshape (images, s) }"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    _write_videos(folder)
    _write_models(folder)
    _write_sites(folder)
    return folder


def _write_videos(folder: Path) -> None:
    good = write_video(folder / "good.mp4", traffic(4))
    cut(good, folder / "no_moov.mp4", 0.7)
    (folder / "empty.mp4").touch()
    (folder / "locked.mp4").write_bytes(good.read_bytes())
    (folder / "locked.mp4").chmod(0)
    (folder / "text.mp4").write_text("This is not a video.\n" * 50)
    (folder / "text.txt").write_text("This is not a video.\n" * 50)
    write_header(folder / "no_frames.avi")
    write_sound(folder / "sound.m4a")
    write_sound(folder / "cover.mp4", numbered_picture(1))


def _write_models(folder: Path) -> None:
    content = write_detector(folder / "tiny.onnx").read_bytes()
    pickled = pickle.dumps({"weights": list(range(100))})
    with zipfile.ZipFile(folder / "zipped.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
    (folder / "renamed.onnx").write_bytes((folder / "zipped.pt").read_bytes())
    (folder / "pickled.onnx").write_bytes(pickled)
    (folder / "garbage.onnx").write_bytes(bytes(range(256)) * 20)
    (folder / "text.onnx").write_text("This is not a model.\n" * 50)
    (folder / "half.onnx").write_bytes(content[: len(content) // 2])
    (folder / "inside.onnx").write_bytes(content[:600] + b"\xff" * 40 + content[640:])
    (folder / "unknown.onnx").write_bytes(content.replace(b"AveragePool", b"OveragePool"))
    write_model(folder / "classifier.onnx", MEANS)
    write_model(folder / "two.onnx", TWO)
    write_model(folder / "stiff.onnx", STIFF)
    write_model(folder / "vector.onnx", IDENTITY.format("N,10"))
    write_model(folder / "grey.onnx", IDENTITY.format("N,1,H,W"))
    write_detector(folder / "names.onnx", names=(*CLASSES, "bus"))
    write_detector(folder / "fours.onnx", batch=4)


SITE = """
cameras:
  - {name: yard, source: HERE/good.mp4, lines: [{name: gate, from: [0.5, 1], to: [0.5, 0]}]}
detector: {model: HERE/tiny.onnx, input_px: 128}
"""


def _write_sites(folder: Path) -> None:
    site = SITE.replace("HERE", str(folder))
    sites = {
        "good": site,
        "broken": "cameras: [",
        "empty": "",
        "list": "- a\n- b\n",
        "key": site + "speed: 3\n",
        "twins": site.replace("detector:", "  - {name: yard, source: b.mp4}\ndetector:"),
        "line": site.replace("to: [0.5, 0]", "to: [0.5, 1.5]"),
        "missing": site.replace("good.mp4", "missing.mp4"),
        "pickle": site.replace("tiny.onnx", "renamed.onnx"),
        "classes": site.replace("name: gate,", "name: gate, classes: [horse],"),
    }
    for name, text in sites.items():
        (folder / f"{name}.yaml").write_text(text)


def refused(appliance: Appliance, here: Path, words: tuple[str, ...]) -> tuple[int, str]:
    """Exit code and sentence of a command that must not count anything."""
    outcome = appliance(*(word.replace(HERE, str(here)) for word in words))
    assert outcome.stdout == ""
    return outcome.exit_code, sentence_of(outcome)


def of_video(name: str, *more: str) -> tuple[str, ...]:
    return ("count", f"{HERE}/{name}", "--model", f"{HERE}/tiny.onnx", LINE, SMALL, *more)


def of_model(name: str, *more: str) -> tuple[str, ...]:
    return ("count", f"{HERE}/good.mp4", "--model", f"{HERE}/{name}", LINE, SMALL, *more)


def of_options(*more: str) -> tuple[str, ...]:
    return of_video("good.mp4", *more)


def of_line(*lines: str) -> tuple[str, ...]:
    return ("count", f"{HERE}/good.mp4", "--model", f"{HERE}/tiny.onnx", *(f"--line={line}" for line in lines))


def of_site(name: str, *more: str) -> tuple[str, ...]:
    return ("run", "--config", f"{HERE}/{name}.yaml", *more)


OPENCV = "--set=cameras.video.decoder=opencv"
VIDEOS = [
    pytest.param(of_video("missing.mp4"), USAGE, "video file is wanted, but .*missing.mp4 does not exist", id="missing"),
    pytest.param(of_video("missing.mp4", OPENCV), USAGE, "missing.mp4 does not exist", id="missing, OpenCV"),
    pytest.param(of_video(""), USAGE, "video file is wanted, but .* is not a file", id="a folder"),
    pytest.param(of_video("empty.mp4"), FAILED, "video file is wanted, but .*empty.mp4 is empty", id="empty"),
    pytest.param(
        of_video("locked.mp4"),
        USAGE,
        "locked.mp4 may not be read",
        id="unreadable",
        marks=pytest.mark.skipif(may_everything(), reason="root may read everything"),
    ),
    pytest.param(of_video("text.mp4"), FAILED, "text.mp4 must be a video, found .* cannot be read as one", id="no video"),
    pytest.param(of_video("text.mp4", OPENCV), FAILED, "must be a video, found nothing that OpenCV", id="no video, OpenCV"),
    pytest.param(of_video("text.txt"), FAILED, "text.txt must be a video, found text", id="text, which FFmpeg would draw"),
    pytest.param(of_video("no_moov.mp4"), FAILED, "no_moov.mp4 must be a video, found something", id="cut, index missing"),
    pytest.param(of_video("no_frames.avi"), FAILED, "must contain at least one frame, found none", id="no frames"),
    pytest.param(of_video("sound.m4a"), FAILED, "must contain video, found only audio", id="sound"),
    pytest.param(of_video("cover.mp4"), FAILED, "must contain video, found only audio", id="sound with a cover"),
    pytest.param(of_video("good.mp4", "--from=500"), FAILED, "ends before frame 500: it has 100 frames", id="from after the end"),
]


@pytest.mark.parametrize(("words", "exit_code", "says"), VIDEOS)
def test_what_is_no_video_is_refused(
    appliance: Appliance, here: Path, words: tuple[str, ...], exit_code: int, says: str
) -> None:
    found_code, sentence = refused(appliance, here, words)
    assert found_code == exit_code
    assert pytest.approx  # keeps the import of pytest honest
