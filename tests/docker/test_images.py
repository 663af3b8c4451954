"""What the images are made of and begin with, as far as that can be tried without one; tests/docker/test_container.py has one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.decode.gstreamer_pipelines import DECODERS, FROM_RTP, TO_SINK
from tests.cameras import needs_gstreamer
from tests.docker.files import DOCKER
from tests.system.videos import numbered, write_video

ROOT = DOCKER.parent
DOCKERFILES = ("Dockerfile", "Dockerfile.cpu")
# Beside the interpreter is where an installation puts it.
HADOLINT = shutil.which("hadolint", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else, and mount")


@pytest.mark.skipif(HADOLINT is None, reason="hadolint is not installed")
@pytest.mark.parametrize("name", DOCKERFILES)
def test_hadolint_has_nothing_to_say(name: str) -> None:
    assert HADOLINT is not None
    done = subprocess.run([HADOLINT, "--no-color", str(DOCKER / name)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", DOCKERFILES)
def test_what_it_copies_is_there_and_let_in(name: str) -> None:
    let_in = [line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", (DOCKER / name).read_text(), re.MULTILINE)
    sources = [source for line in copied for source in line.split()]
    assert {"appliance", "engines", "docker/start"} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists()
        assert any(source == rule or source.startswith(f"{rule}/") or rule.startswith(f"{source}/") for rule in let_in), source


def test_both_end_as_the_same_container() -> None:
    """But for what only a GPU needs."""
    ends = [(DOCKER / name).read_text().rpartition("\nFROM ")[2].splitlines() for name in DOCKERFILES]
    different = set(ends[0]) ^ set(ends[1])
    expected = ("NVIDIA_", "GST_", "docker/gstreamer", "PYTHONUNBUFFERED", "HEALTHCHECK", "#")
    assert [line for line in different if not any(word in line for word in expected) and "libraries for" not in line] == []


def test_the_drivers_video_libraries_are_asked_for() -> None:
    ends = (DOCKER / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert "docker/gstreamer" in ends
    told = re.search(r"NVIDIA_DRIVER_CAPABILITIES=(\S+)", ends)
    assert told is not None
    assert {"compute", "video", "utility"} <= set(told[1].split(","))


OF_ELEMENTS = """
import gi, json, os, sys
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.init(None)
found = [(name, Gst.ElementFactory.find(name)) for name in sys.argv[1:]]
plugins = [(name, factory.get_plugin()) for name, factory in found if factory is not None]
print(json.dumps([[name, os.path.basename(plugin.get_filename()), plugin.get_license()] for name, plugin in plugins]))
"""


@needs_gstreamer
def test_the_image_has_the_plugins_of_a_cameras_way_to_nvidias_decoder_and_none_under_the_gpl() -> None:
    lines = [line for ways in DECODERS.values() for way in ways[1:-1] for line in way.launch.split(" ! ")]
    lines += [line for way in FROM_RTP.values() for line in way.split(" ! ")]
    elements = {line.split()[0] for line in (*lines, TO_SINK)} | {"rtspsrc", "rtpbin", "rtpjitterbuffer", "udpsrc"}
    told = subprocess.run([sys.executable, "-c", OF_ELEMENTS, *sorted(elements)], capture_output=True, timeout=60, check=True)
    found = json.loads(told.stdout)
    # Where there is no driver, those of NVIDIA are not there.
    assert elements - {name for name, _, _ in found} <= {name for name in elements if name.startswith(("nv", "cuda"))}
    script = (DOCKER / "gstreamer").read_text()
    brought = re.search(r'^plugins="(.*)"$', script, re.MULTILINE)
    assert brought is not None
    assert {file.removeprefix("libgst").removesuffix(".so") for _, file, _ in found} <= set(brought[1].split())
    assert {licence for _, _, licence in found} == {"LGPL"}
    for word in ("gstreamer1.0-libav", "plugins-ugly", "install -y --no-install-recommends gstreamer1.0"):
        assert word not in script


@pytest.fixture
def volume(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty one, where somebody else may come, too."""
    folder = tmp_path_factory.mktemp("volume")
    for parent in (folder, *folder.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o055)
    (folder / "appliance").mkdir()
    return folder / "appliance"


def start(volume: Path, *words: str, user: int | None = None, before: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """What the container would begin with, of a user that it may have, and 'echo' in the place of the appliance."""
    tools = volume.parent / "bin"
    tools.mkdir(exist_ok=True)
    (tools / "appliance").write_text('#!/bin/sh\necho "appliance $*"\n')
    (tools / "appliance").chmod(0o755)
    environment = {"PATH": f"{tools}:/usr/bin:/bin", "XDG_DATA_HOME": str(volume.parent), **more}
    # The checkout may lie where only its owner looks.
    script = shutil.copy(DOCKER / "start", tools)
    command = ["sh", "-ec", f'{before}\nexec "$0" "$@"', script, *words]
    if before:
        command = ["unshare", "--mount", *command]
    return subprocess.run(
        command, env=environment, user=user, group=user, capture_output=True, text=True, timeout=60, check=False, cwd="/"
    )


def test_it_begins_with_what_it_was_told(volume: Path) -> None:
    done = start(volume, "run", "--set", "control.bind=0.0.0.0")
    assert (done.returncode, done.stdout, done.stderr) == (0, "appliance run --set control.bind=0.0.0.0\n", "")
    assert list(volume.iterdir()) == []


def test_a_site_that_is_given_is_where_it_begins_and_never_again(volume: Path) -> None:
    given = volume.parent / "given.yaml"
    given.write_text("site: first\n")
    done = start(volume, "run", APPLIANCE_SITE=str(given))
    assert done.stdout == f"Site: {volume}/site.yaml, begun as {given}\nappliance run\n"
    given.write_text("site: second\n")
    assert start(volume, "run", APPLIANCE_SITE=str(given)).stdout == "appliance run\n"
    assert (volume / "site.yaml").read_text() == "site: first\n"


def test_other_commands_are_nobody_s_business(volume: Path) -> None:
    shutil.rmtree(volume)
    assert start(volume, "token", "list").stdout == "appliance token list\n"


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence."""
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("appliance: ")
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix("appliance: ").rstrip("\n")


def test_a_mount_of_nothing_is_told(volume: Path) -> None:
    sentence = refused(start(volume, "run", APPLIANCE_SITE=str(volume)))
    assert sentence == f"a file is wanted at {volume}, found a folder: is there such a file on the host?"


@as_root
def test_a_volume_of_somebody_else_is_told_with_the_way_out(volume: Path) -> None:
    volume.chmod(0o755)
    sentence = refused(start(volume, "run", user=NOBODY))
    assert sentence == (
        f"the volume at {volume} is wanted for what is counted, found that it belongs to user 0 and not to user {NOBODY}: "
        f"'chown -R {NOBODY}:{NOBODY}' its folder on the host, or start the container with --user"
    )


@as_root
def test_so_is_one_whose_ledger_is_somebody_else_s(volume: Path) -> None:
    shutil.chown(volume, NOBODY, NOBODY)
    (volume / "ledger.sqlite").touch()
    sentence = refused(start(volume, "run", user=NOBODY))
    assert sentence.startswith(f"{volume}/ledger.sqlite belongs to user 0 and cannot be written by user {NOBODY}: 'chown -R")


@as_root
def test_a_volume_that_is_read_only_is_told(volume: Path) -> None:
    before = f"mount --bind -o ro {volume} {volume}; mount -o remount,bind,ro {volume}"
    sentence = refused(start(volume, "run", before=before))
    assert sentence == f"the volume at {volume} is wanted for what is counted, found it read-only: mount it without ':ro'"


def test_without_a_gpu_where_one_is_wanted_it_goes_on_and_says_so(volume: Path) -> None:
    done = start(volume, "run", NVIDIA_VISIBLE_DEVICES="all")
    assert done.stdout == "appliance run\n"
    has_gpu = os.path.exists("/dev/nvidiactl") or os.path.exists("/dev/dxg")
    assert ("no GPU is here, so the network runs on the CPU: start the container with '--gpus all'" in done.stderr) is not has_gpu


DECODES = """
import av, sys
from appliance.scene.clip import ENCODERS, works
from tests.system.videos import numbered, write_video
assert av.__file__.startswith(sys.argv[1]), av.__file__
with av.open(sys.argv[2]) as container:
    assert container.streams.video[0].codec_context.name == "h264"
    assert len(list(container.decode(video=0))) == 25
print(*(name for name in ENCODERS if works(name)))
"""


@pytest.mark.skipif(shutil.which("ld") is None, reason="binutils are not installed")
def test_without_what_is_gpl_it_decodes_and_makes_clips_all_the_same(tmp_path: Path) -> None:
    import av

    wheel = Path(av.__file__).parent
    if not list(wheel.with_name("av.libs").glob("libx26*")):
        pytest.skip("this PyAV brings no x264")
    clip = write_video(tmp_path / "a.mp4", numbered(25))
    for folder in (wheel, wheel.with_name("av.libs")):
        shutil.copytree(folder, tmp_path / "site" / folder.name)
    before = {path.name: path.stat().st_size for path in (tmp_path / "site" / "av.libs").iterdir()}
    done = subprocess.run([str(DOCKER / "without-gpl"), str(tmp_path)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    after = {path.name: path.stat().st_size for path in (tmp_path / "site" / "av.libs").iterdir()}
    changed = {name.partition("-")[0] for name in before if after[name] != before[name]}
    assert changed == {"libx264", "libx265"}
    assert all(after[name] < 20_000 for name in before if after[name] != before[name])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path / "site"), str(ROOT)))}
    command = [sys.executable, "-c", DECODES, str(tmp_path), str(clip)]
    tried = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert tried.returncode == 0, tried.stderr
    assert "libx264" not in tried.stdout.split()
    assert "mpeg4" in tried.stdout.split()
