"""Bad input, handed to the real command line: one sentence that says what was wanted and found, and nothing left behind."""

from __future__ import annotations

import pickle
import re
import zipfile
from pathlib import Path

import pytest

from tests.system.conftest import Appliance, may_everything, sentence_of
from tests.system.models import CLASSES, write_detector, write_model
from tests.system.videos import cut, numbered_picture, traffic, write_header, write_sound, write_video

FAILED, USAGE = 1, 2  # exit codes
SMALL = "--set=detector.input_px=128"
HERE = "{here}"  # the folder with the files
LINE = "--line=middle=0.5,1,0.5,0"

IDENTITY = "same (float[{0}] images) => (float[{0}] output0) {{ output0 = Identity (images) }}"
MEANS = "mean (float[N,3,H,W] images) => (float[N,3] out) <int64[2] a = {2, 3}> { out = ReduceMean <keepdims = 0> (images, a) }"
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


ORT = "--backend=onnxruntime"
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

MODELS = [
    pytest.param(of_model("missing.onnx"), USAGE, "model file is wanted, but .*missing.onnx does not exist", id="missing"),
    pytest.param(of_model(""), USAGE, "manifest .* cannot be read: No such file", id="a folder"),
    pytest.param(of_options("--model", "nobody"), USAGE, "name of a model .* is wanted, found 'nobody'", id="unknown name"),
    pytest.param(of_model("zipped.pt"), USAGE, "ONNX model is wanted, but .*zipped.pt is a PyTorch", id="a .pt"),
    pytest.param(of_model("renamed.onnx"), USAGE, "ONNX model is wanted, but .*renamed.onnx is a PyTorch", id="a .pt, renamed"),
    pytest.param(of_model("pickled.onnx"), USAGE, "a pickle, which runs as a program", id="a pickle, renamed"),
    pytest.param(of_model("garbage.onnx"), USAGE, r"garbage.onnx \(5120 bytes\) is none", id="garbage"),
    pytest.param(of_model("half.onnx"), USAGE, "half.onnx .* only the beginning of one", id="cut"),
    pytest.param(of_model("inside.onnx"), FAILED, "inside.onnx must be an ONNX file", id="garbage inside"),
    pytest.param(of_model("unknown.onnx"), FAILED, "operations: OveragePool", id="unknown operation"),
    pytest.param(of_model("classifier.onnx"), FAILED, r"output must be .* found \(1, 3\)", id="a classifier"),
    pytest.param(of_model("two.onnx"), FAILED, "must have one input .* one output, found .* and ", id="two outputs"),
    pytest.param(of_model("vector.onnx"), FAILED, r"input must be \(N, 3, H, W\), .* found \(\?, 10\)", id="no pictures"),
    pytest.param(of_model("grey.onnx"), FAILED, r"found \(\?, 1, \?, \?\)", id="grey pictures"),
    pytest.param(of_model("fours.onnx"), FAILED, r"N open or 1, .* found \(4, 3, \?, \?\)", id="batches of four"),
    pytest.param(of_model("stiff.onnx"), FAILED, "must run on a picture of 128x96, found that it does not", id="cannot run"),
    pytest.param(of_model("stiff.onnx", ORT), FAILED, "must run on a picture of 128x96", id="cannot run, ONNX Runtime"),
    pytest.param(of_model("unknown.onnx", ORT), FAILED, "OveragePool", id="unknown operation, ONNX Runtime"),
    pytest.param(of_model("names.onnx"), FAILED, r"with 3 classes .* found \(1, 6, 252\)", id="more names than classes"),
    pytest.param(of_options("--classes=horse"), USAGE, "'horse' is wanted, .* it knows car, person", id="unknown class"),
]

OPTIONS = [
    pytest.param(of_line("a=0.5,0.5,0.5,0.5"), USAGE, "needs a length, found the point 0.5,0.5 twice", id="line without length"),
    pytest.param(of_line("a=0,0,1.5,1"), USAGE, "--line a=0,0,1.5,1: .* less than or equal to 1, found 1.5", id="line outside"),
    pytest.param(of_line("a=0,0,1"), USAGE, "wants NAME=x1,y1,x2,y2 .* found 'a=0,0,1'", id="half a point"),
    pytest.param(of_line("a=0,0,1,1", "a=0,1,1,0"), USAGE, "needs a name of its own, found 'a' twice", id="twin lines"),
    pytest.param(of_options("--anchor=middle"), USAGE, "'center', .* found 'middle'", id="unknown anchor"),
    pytest.param(of_options("--backend=abacus"), USAGE, "auto, tensorrt, openvino, onnxruntime, found 'abacus'", id="backend"),
    pytest.param(of_options("--from=9", "--to=3"), USAGE, "last frame must not come before the first, found 9 to 3", id="to"),
    pytest.param(of_options("--set=speed=3"), USAGE, "'speed' is not a known setting", id="unknown key"),
    pytest.param(of_options("--set=detector.model=["), USAGE, "--set detector.model: .* must be YAML, found", id="broken value"),
    pytest.param(of_options("--set=shm_dir=/nowhere"), USAGE, "shared memory is wanted in /nowhere", id="no shared memory"),
    pytest.param(of_options(f"--set=shm_dir={HERE}/good.mp4"), USAGE, "shared memory .*: Not a dir", id="shared memory, a file"),
    pytest.param(
        of_options("--set=data_dir=~no-such-user"), USAGE, "there is no home folder for ~no-such-user", id="nobody's home"
    ),
    pytest.param(of_options("--json=/nowhere/a.json"), USAGE, "--json wants a file that can be written, but /nowhere", id="json"),
    pytest.param(of_options(f"--json={HERE}"), USAGE, "--json .* cannot: Is a directory", id="json, a folder"),
    pytest.param(of_options(f"--json={HERE}/good.mp4"), USAGE, "--json .*good.mp4 is the video", id="json over the video"),
    pytest.param(of_options("--csv=/proc/a.csv"), USAGE, "--csv wants a file that can be written", id="csv"),
    pytest.param(of_options("--video=/nowhere/a.mp4"), USAGE, "--video wants a file that can be written", id="video"),
    pytest.param(of_options("--video=a.pdf"), USAGE, "--video wants a file that ends with .mp4", id="video, unknown ending"),
    pytest.param(of_options("--ledger=/proc/a.sqlite"), FAILED, "ledger /proc/a.sqlite cannot be opened", id="ledger"),
    pytest.param(of_options(f"--ledger={HERE}"), FAILED, "the ledger .* cannot be opened", id="ledger, a folder"),
    pytest.param(of_options(f"--ledger={HERE}/text.txt"), FAILED, "ledger .* not a database", id="ledger, no database"),
]

SITES = [
    pytest.param(of_site("nowhere"), USAGE, "nowhere.yaml cannot be read: No such file", id="missing"),
    pytest.param(("run", "--config", HERE), USAGE, "cannot be read: Is a directory", id="a folder"),
    pytest.param(("run", "--config", f"{HERE}/good.mp4"), USAGE, "must be text in UTF-8, found 0x", id="no text"),
    pytest.param(of_site("broken"), USAGE, "broken.yaml must be YAML, found a fault: .* line 1", id="broken"),
    pytest.param(of_site("empty"), USAGE, "must hold names and values, found nothing", id="empty"),
    pytest.param(of_site("list"), USAGE, "must hold names and values, found list", id="a list"),
    pytest.param(of_site("key"), USAGE, "key.yaml: 'speed' is not a known setting", id="unknown key"),
    pytest.param(of_site("good", "--set=tracker.speed=3"), USAGE, "'tracker.speed' is not a known setting", id="unknown --set"),
    pytest.param(of_site("twins"), USAGE, "every camera needs a name of its own, found 'yard' twice", id="twin cameras"),
    pytest.param(of_site("line"), USAGE, "'cameras.0.lines.0.to.1': .* equal to 1, found 1.5", id="line outside"),
    pytest.param(of_site("missing"), USAGE, "missing.mp4 does not exist", id="video missing"),
    pytest.param(of_site("pickle"), USAGE, "renamed.onnx is a PyTorch checkpoint", id="a pickle"),
    pytest.param(of_site("classes"), USAGE, "'horse' is wanted", id="unknown class"),
]


def check(appliance: Appliance, here: Path, words: tuple[str, ...], exit_code: int, says: str) -> None:
    """The command must refuse, with this exit code and this sentence, before anything is counted."""
    before = sorted(here.iterdir())
    outcome = appliance(*(word.replace(HERE, str(here)) for word in words))
    assert re.search(says, sentence_of(outcome)), outcome.stderr
    assert (outcome.exit_code, outcome.stdout) == (exit_code, "")
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize(("words", "exit_code", "says"), VIDEOS)
def test_video(appliance: Appliance, here: Path, words: tuple[str, ...], exit_code: int, says: str) -> None:
    check(appliance, here, words, exit_code, says)


@pytest.mark.parametrize(("words", "exit_code", "says"), MODELS)
def test_model(appliance: Appliance, here: Path, words: tuple[str, ...], exit_code: int, says: str) -> None:
    check(appliance, here, words, exit_code, says)


@pytest.mark.parametrize(("words", "exit_code", "says"), OPTIONS)
def test_option(appliance: Appliance, here: Path, words: tuple[str, ...], exit_code: int, says: str) -> None:
    check(appliance, here, words, exit_code, says)


@pytest.mark.parametrize(("words", "exit_code", "says"), SITES)
def test_site(appliance: Appliance, here: Path, words: tuple[str, ...], exit_code: int, says: str) -> None:
    check(appliance, here, words, exit_code, says)


def test_a_command_that_is_none(appliance: Appliance) -> None:
    """What is wrong with the words themselves is said in typer's own form."""
    outcome = appliance("count", "--speed=3")
    assert outcome.exit_code == USAGE
    assert "Traceback" not in outcome.stderr
