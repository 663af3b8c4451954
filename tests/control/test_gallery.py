"""Pictures out of a real ring for several viewers, made once for all who want the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from appliance.boxes import Tracks
from appliance.clock import monotonic_ns
from appliance.config import CameraSettings
from appliance.control.live.gallery import MOST_VIEWERS, Gallery
from appliance.control.live.look import EVERYTHING, Look, look_of
from appliance.errors import Refusal
from appliance.ipc.channel import Showcase
from appliance.ipc.frame_ring import FrameRing, RingFile, RingSize
from appliance.messages.frames import FrameTicket
from appliance.messages.questions import Viewed
from appliance.topics import VIEWS

BARE = Look()
LINE = {"name": "gate", "from": [0.5, 0], "to": [0.5, 1]}
CAMERA = CameraSettings.model_validate({"name": "gate", "source": "nothing", "lines": [LINE]})
WIDTH, HEIGHT = 128, 72


class Studio:
    """A ring, somebody who writes frames into it, and who shows them."""

    def __init__(self, folder: Path) -> None:
        size = RingSize(3, 3072, WIDTH * HEIGHT * 3 // 2)
        self.file = RingFile(size)
        self.ring = FrameRing(self.file.path, writable=True)
        self.showcase: Showcase[Viewed] = Showcase(folder, VIEWS, "device")
        self.frame = 0

    def show(self, *, overwritten: bool = False) -> None:
        """One more frame, each of another grey."""
        slot = self.frame % 3
        self.ring.begin(slot)
        self.ring.preview(slot, HEIGHT, WIDTH)[:] = 128
        self.ring.preview(slot, HEIGHT, WIDTH)[:HEIGHT] = self.frame % 200
        generation = self.ring.commit(slot) + 2 * overwritten
        ticket = FrameTicket(
            "gate", 1, self.frame, self.frame, 0, "arrival", monotonic_ns(), 0, 2 * WIDTH, 2 * HEIGHT, self.file.path, slot,
            generation, 32, 32, HEIGHT, WIDTH,
        )  # fmt: skip
        boxes = np.array([[20, 20, 60, 60]], np.float32)
        tracks = Tracks(np.array([7]), boxes, np.ones(1, np.float32), np.zeros(1, np.int64), np.ones(1, np.bool_))
        self.showcase.look()
        if self.showcase.is_wanted("gate"):
            self.showcase.send("gate", Viewed(ticket, tracks, ("car",)))
        self.frame += 1


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = Studio(tmp_path)
    yield studio
    studio.showcase.close()
    studio.file.close()


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    gallery = Gallery(tmp_path, {"gate": CAMERA}.get, dict)
    yield gallery
    gallery.close()


async def playing(studio: Studio, until: Callable[[], bool], **how: bool) -> None:
    """Frames, until something has come of them."""
    deadline = asyncio.get_running_loop().time() + 60
    while not until():
        studio.show(**how)
        await asyncio.sleep(0.005)
        assert asyncio.get_running_loop().time() < deadline


def test_the_same_look_is_one_picture_and_another_one_is_another(studio: Studio, gallery: Gallery) -> None:
    async def watch() -> None:
        # On a busy computer the two may get frames that follow one another.
        for _ in range(20):
            wanted = [asyncio.ensure_future(gallery.picture("gate", look, 60)) for look in (BARE, BARE, EVERYTHING)]
            await playing(studio, lambda: all(one.done() for one in wanted))  # noqa: B023  # it ends before the next round
            first, second, third = (one.result() for one in wanted)
            assert first is not None
            assert third not in (None, first)
            if first is second:
                break
        assert first is second

    asyncio.run(watch())


def test_who_watches_slowly_gets_the_newest(studio: Studio, gallery: Gallery) -> None:
    async def watch() -> None:
        pictures = gallery.watch("gate", BARE, 1000, 60)
        first = asyncio.ensure_future(anext(pictures))
        await playing(studio, first.done)
        seen = studio.frame
        await playing(studio, lambda: studio.frame > seen + 50)
        # The newest of fifty, and behind it nothing that is older.
        newest = await anext(pictures)
        assert newest not in (None, first.result())
        await pictures.aclose()

    asyncio.run(watch())


def test_a_frame_that_was_overwritten_is_not_shown(studio: Studio, gallery: Gallery) -> None:
    async def watch() -> None:
        picture = asyncio.ensure_future(gallery.picture("gate", BARE, 0.5))
        await playing(studio, picture.done, overwritten=True)
        assert picture.result() is None

    asyncio.run(watch())


def test_nobody_watches_and_nothing_is_sent(studio: Studio, gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.control.live.gallery.LINGER_NS", 0)

    async def watch() -> None:
        picture = asyncio.ensure_future(gallery.picture("gate", BARE, 60))
        await playing(studio, picture.done)
        await playing(studio, lambda: not studio.showcase.is_wanted("gate"))

    studio.show()
    assert not studio.showcase.is_wanted("gate")
    asyncio.run(watch())


def test_there_is_room_for_so_many_and_they_leave_again(gallery: Gallery) -> None:
    async def watch() -> None:
        crowd = [gallery.watch("gate", BARE, 10, 0.01) for _ in range(MOST_VIEWERS)]
        for one in crowd:
            assert await anext(one) is None
        with pytest.raises(Refusal, match=f"at most {MOST_VIEWERS} may watch at once"):
            gallery.refuse_crowd()
        for one in crowd:
            await one.aclose()
        gallery.refuse_crowd()

    asyncio.run(watch())


@pytest.mark.parametrize(
    ("text", "look"),
    [
        ("", EVERYTHING),
        ("none", Look()),
        ("boxes", Look(boxes=True)),
        ("lines,counts", Look(lines=True, counts=True)),
        ("trails,ids", Look(trails=True, ids=True)),
    ],
)
def test_a_look_is_chosen_in_words(text: str, look: Look) -> None:
    assert look_of(text) == look


@pytest.mark.parametrize("text", ["people", "boxes,", "none,boxes", "Boxes"])
def test_a_word_that_nobody_knows_is_named(text: str) -> None:
    with pytest.raises(Refusal, match="'overlay': none, or some of boxes, ids, trails, lines, counts are wanted, found "):
        look_of(text)
