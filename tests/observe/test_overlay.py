"""Drawing: what is drawn is where it should be, and stays inside the picture."""

from __future__ import annotations

import numpy as np

from appliance.boxes import Tracks
from appliance.observe.overlay import DrawnLine, Image, Trails, colour_of, draw_line, draw_tracks


def picture() -> Image:
    return np.zeros((360, 640, 3), np.uint8)


def tracks(track_id: int, left: float, *, confirmed: bool = True) -> Tracks:
    boxes = np.array([[left, 100, left + 80, 160]], np.float32)
    one = np.ones(1, np.float32)
    return Tracks(np.array([track_id]), boxes, one, np.zeros(1, np.int64), np.array([confirmed]))


def test_a_confirmed_track_gets_a_box_in_its_own_colour() -> None:
    image = picture()
    draw_tracks(image, tracks(3, 200), ("car",))
    np.testing.assert_allclose(image[160, 240], colour_of(3), atol=30, err_msg="strokes are smoothed")
    assert not image[130, 240].any(), "the inside stays free"


def test_an_unconfirmed_track_is_not_shown() -> None:
    image = picture()
    draw_tracks(image, tracks(3, 200, confirmed=False), ("car",))
    assert not image.any()


def test_a_label_at_the_edge_stays_in_the_picture() -> None:
    image = picture()
    draw_tracks(image, tracks(7, 600), ("car",))
    assert image.any()


def test_a_line_with_corners_is_drawn_through_all_its_points() -> None:
    image = picture()
    draw_line(image, DrawnLine(((100, 300), (300, 100), (500, 300)), "corner: in 1, out 0", flashes=False))
    for x, y in ((100, 300), (300, 101), (500, 300), (200, 200)):
        assert image[y - 2 : y + 3, x - 2 : x + 3].any()


def test_trails_fade_and_their_memory_is_bounded() -> None:
    trails = Trails()
    seen = tracks(1, 0.0)
    nobody = Tracks(seen.ids[:0], seen.boxes[:0], seen.scores[:0], seen.classes[:0], seen.confirmed[:0])
    for step in range(300):
        trails.add(tracks(1, float(step)))
    image = picture()
    trails.draw(image)
    assert image[130, 320].any()
    assert not image[130, 60].any(), "the way of long ago has faded"
    for _ in range(60):
        trails.add(nobody)
    image = picture()
    trails.draw(image)
    assert not image.any()
