"""One table: what there is to see, and what a person would count.

The first rows are the scenes in which other systems were seen to miscount (PEERS, section 2.0). The name of such a row says who
counted what; the truth stands in the row.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.count.scenes import (
    ACROSS,
    BOTTOM,
    CARS_ONLY,
    CORNER,
    DIAGONAL,
    DOWNWARDS,
    EDGE,
    EDGE_BOTTOM,
    FROM_RIGHT,
    SECOND,
    SHORT,
    SQUARE,
    TRUCK,
    ZIGZAG,
    Scene,
    along,
    clipped,
    down,
    hidden,
    looks,
    lost,
    renamed,
    shaken,
    still,
    taken_for,
    walk,
)

FORWARD, BACKWARD = "forward car", "backward car"
OTHER = looks(9)
LORRY = looks(1, TRUCK, (400.0, 300.0))  # its dead band is 34 pixels to each side
FLICKER = still((500, 520), 1)
NEAR_THE_END = [(980, 780), (980, 780), (395, 497), (397, 350), (980, 780), (980, 780)]
AT_A_SLOW_CAMERA = [(500, 311), (500, 321), (500, 336), (500, 356), (500, 386), (500, 431), (500, 510)]
LEAVING = [(100, 380), (200, 430), (300, 475), (380, 530), (430, 550)]
GROWING = [replace(one, width=60 + one.frame / 8, height=60 + one.frame / 8) for one in walk(down(485, 515, 301))]

PEERS = [
    pytest.param(
        Scene(walk([(500.0, 499.0 + 2 * (frame % 2)) for frame in range(30)])),
        [],
        id="supervision-15-in-14-out-a-box-at-rest-shakes-by-a-pixel-over-the-line",
    ),
    pytest.param(
        Scene(walk(3 * (still((500, 480), 6) + FLICKER) + still((500, 480), 6))),
        [],
        id="supervision-3-out-a-box-at-rest-flickers-over-the-line-three-times",
    ),
    pytest.param(
        Scene(walk(still((300, 480), 10), look=looks(-1)) + walk(still((700, 520), 10), look=looks(-1))),
        [],
        id="supervision-9-in-10-out-two-objects-at-rest-share-the-id-minus-one",
    ),
    pytest.param(
        Scene(walk(along((500, 450), (700, 450), (700, 550), (500, 550))), (SHORT,)),
        [],
        id="supervision-1-out-around-the-end-of-the-line",
    ),
    pytest.param(
        Scene(walk(down(), look=looks(size=(400, 60))), (SHORT,)),
        [FORWARD],
        id="supervision-0-an-object-wider-than-the-line",
    ),
    pytest.param(Scene(renamed(walk(down()), [20])), [FORWARD], id="supervision-0-the-id-switches-on-the-line"),
    pytest.param(
        Scene(taken_for(walk(down()), TRUCK, [20, 21])),
        [FORWARD],
        id="supervision-truck-a-car-is-taken-for-a-truck-in-the-frames-of-its-crossing",
    ),
    pytest.param(Scene(walk(lost(down(), 20, 21))), [FORWARD], id="supervision-right-two-frames-are-missed-on-the-line"),
    pytest.param(
        Scene(clipped(walk(down(700, 1100, 81))), (EDGE, EDGE_BOTTOM)),
        [FORWARD, f"line 1 {FORWARD}"],
        id="supervision-never-the-object-leaves-the-frame-ten-pixels-behind-the-line",
    ),
    pytest.param(Scene(walk(down() + down(600, 400))), [BACKWARD, FORWARD], id="ultralytics-1-in-0-out-turns-behind-the-line"),
    pytest.param(Scene(walk(down(400, 501) + down(501, 400))), [], id="ultralytics-1-in-a-touch-by-one-pixel"),
    pytest.param(
        Scene(walk(down(400, 501) + down(501, 400) + down())),
        [FORWARD],
        id="ultralytics-never-again-crosses-after-a-touch",
    ),
    pytest.param(
        Scene(walk(along((400, 600), (600, 400))) + walk(along((600, 400), (400, 600)), 3, OTHER), (DIAGONAL,)),
        [BACKWARD, FORWARD],
        id="ultralytics-2-in-over-a-diagonal-line-from-both-sides",
    ),
    pytest.param(
        Scene(walk(along((300, 450), (700, 450))) + walk(along((700, 550), (300, 550)), 0, OTHER), (SQUARE, DOWNWARDS)),
        [BACKWARD, BACKWARD, FORWARD, FORWARD, f"line 1 {BACKWARD}", f"line 1 {FORWARD}"],
        id="ultralytics-both-out-through-a-square-from-its-left-and-from-its-right",
    ),
    pytest.param(Scene(walk(down(290, 770, 9))), [FORWARD], id="ultralytics-6-of-25-moves-60-pixels-per-frame"),
    pytest.param(
        Scene(walk(down(frames=5)) + walk(down(600, 400, 5, 200), 0, OTHER)),
        [BACKWARD, FORWARD],
        id="dl-streamer-0-exactly-on-the-line-in-one-frame",
    ),
    pytest.param(
        Scene(walk(shaken(still((500, 500), 3000), 4))),
        [],
        id="dl-streamer-for-ever-shakes-on-the-line-for-minutes",
    ),
    pytest.param(
        Scene(renamed(walk(shaken(still((500, 500), 7200), 4)), range(4, 7200, 4)), fps=1.0),
        [],
        id="opendatacam-400-parked-on-the-line-for-two-hours-and-never-long-under-one-id",
    ),
]

AT_REST = [
    pytest.param(
        Scene(renamed(walk(shaken(down(300, 500) + still((500, 500), 300) + down(500, 700), 3)), range(35, 350, 5))),
        [FORWARD],
        id="parks-on-the-line-under-many-ids-and-drives-on",
    ),
    pytest.param(
        Scene(renamed(walk(shaken(down(300, 500) + still((500, 500), 300) + down(500, 300), 3)), range(35, 350, 5))),
        [],
        id="parks-on-the-line-under-many-ids-and-goes-back",
    ),
    pytest.param(
        Scene(
            taken_for(
                renamed(
                    walk(
                        shaken(
                            (down(440, 490, 20) + hidden(8) + still((500, 492), 20) + hidden(20))
                            + (down(493, 502, 20) + hidden(30) + still((500, 502), 20) + down(503, 600, 30)),
                            1,
                        )
                    ),
                    [15, 28, 40, 68, 80, 118, 130],
                ),
                TRUCK,
                range(30, 75),
                score=0.3,
            )
        ),
        [FORWARD],
        id="stop-and-go-on-the-line-with-gaps-and-other-ids-and-another-class",
    ),
    pytest.param(Scene(walk(down(400, 503) + still((500, 503), 30))), [], id="ends-on-the-line"),
    pytest.param(Scene(walk(down(400, 495) + still((500, 500), 60) + down(505))), [FORWARD], id="on-the-line-for-long-then-on"),
    pytest.param(Scene(walk(down(400, 495) + still((500, 500), 60) + down(495, 400))), [], id="on-the-line-for-long-then-back"),
    pytest.param(Scene(walk(shaken(still((500, 500), 90), 4))), [], id="born-on-the-line-and-stays"),
    pytest.param(
        Scene(walk(down(400, 490, x=604) + shaken(still((604, 500), 3000), 4) + along((610, 490), (610, 400))), (SHORT,)),
        [],
        id="waits-at-the-very-end-of-the-line-and-goes-back",
    ),
    pytest.param(Scene(walk(still((500, 500), 9) + down(500))), [], id="born-on-the-line-and-drifts-off"),
    pytest.param(Scene(walk(down(503))), [], id="born-just-behind-the-line-and-drifts-off"),
    pytest.param(Scene(walk(down(497))), [FORWARD], id="born-just-before-the-line-and-drifts-over-it"),
    pytest.param(
        Scene(
            walk(3 * still((607, 500), 1) + [(599, 496), (599, 504)] + 3 * still((607, 500), 1) + along((607, 500), (700, 400))),
            (SHORT,),
        ),
        [],
        id="shakes-around-the-end-of-the-line-and-goes-away",
    ),
    pytest.param(
        Scene(walk(shaken(still((500, 500), 300), 1.4), look=looks(size=(8, 8)))), [], id="a-speck-shakes-by-less-than-two-pixels"
    ),
    pytest.param(Scene(walk(shaken(still((500, 500), 90), 20), look=LORRY)), [], id="a-lorry-shakes-by-a-third-of-a-car"),
    pytest.param(Scene(walk(shaken(down(300, 700), 20), look=LORRY)), ["forward truck"], id="a-shaking-lorry-crosses"),
    pytest.param(Scene(GROWING), [FORWARD], id="creeps-over-the-line-and-grows-while-it-comes-nearer"),
    pytest.param(Scene(walk(still((500, 480), 30) + FLICKER)), [], id="a-flicker-in-the-very-last-frame"),
    pytest.param(Scene(walk(along((300, 480), (500, 480)) + FLICKER)), [], id="a-flicker-in-the-very-last-frame-beside-the-line"),
    pytest.param(Scene(walk(down(480, 495, 30) + still((500, 502), 1))), [], id="a-small-flicker-in-the-very-last-frame"),
]

WAYS = [
    pytest.param(Scene(walk(down(400, 488) + down(488, 400))), [], id="turns-before-the-line"),
    pytest.param(Scene(walk(down(400, 504) + down(504, 400))), [], id="turns-on-the-line"),
    pytest.param(
        Scene(walk(5 * (down(480, 520, 21) + down(520, 480, 21)))),
        5 * [BACKWARD] + 5 * [FORWARD],
        id="to-and-fro-beyond-the-dead-band",
    ),
    pytest.param(Scene(walk(5 * (down(495, 505, 21) + down(505, 495, 21)))), [], id="to-and-fro-within-the-dead-band"),
    pytest.param(Scene(walk(shaken(along((100, 490), (900, 490)), 3))), [], id="along-the-line-beside-the-dead-band"),
    pytest.param(Scene(walk(shaken(along((0, 500), (1000, 500)), 4, seed=2))), [], id="along-the-line-within-the-dead-band"),
    pytest.param(
        Scene(
            walk(along((300, 497), (400, 497)) + shaken(along((400, 500), (600, 500)), 4) + along((600, 497), (700, 497))),
            (SHORT,),
        ),
        [],
        id="along-the-whole-line-and-off-on-the-same-side",
    ),
    pytest.param(Scene(walk(along((300, 497), (700, 503))), (SHORT,)), [FORWARD], id="over-the-line-at-a-very-small-angle"),
    pytest.param(
        Scene(walk(along((500, 450), (500, 550), (700, 550), (700, 450))), (SHORT,)),
        [FORWARD],
        id="over-the-line-and-back-around-its-end",
    ),
    pytest.param(Scene(walk(NEAR_THE_END), (SHORT,)), [BACKWARD], id="leaps-over-the-very-end-of-the-line-and-back-around-it"),
    pytest.param(Scene(walk(NEAR_THE_END[::-1]), (SHORT,)), [FORWARD], id="leaps-around-the-end-of-the-line-and-back-over-it"),
    pytest.param(Scene(walk(down()) + walk(down(600, 400), 0, OTHER)), [BACKWARD, FORWARD], id="two-ways-cross-at-one-place"),
    pytest.param(
        Scene(renamed(walk(lost(down(), 19, 21)) + walk(lost(down(600, 400), 19, 21), 0, OTHER), [20])),
        [BACKWARD, FORWARD],
        id="two-objects-lose-their-ids-where-their-ways-cross",
    ),
    pytest.param(
        Scene([one for lane in range(5) for one in walk(down(x=100.0 + 150 * lane), 4 * lane, looks(lane + 1))]),
        5 * [FORWARD],
        id="five-lanes",
    ),
    pytest.param(Scene([one for n in range(5) for one in walk(down(), 15 * n, looks(n + 1))]), 5 * [FORWARD], id="a-column"),
    pytest.param(Scene(walk(down()), (FROM_RIGHT,)), [BACKWARD], id="a-line-drawn-from-right-to-left"),
    pytest.param(Scene(walk(down(400, 700)), (ACROSS, SECOND)), [FORWARD, f"line 1 {FORWARD}"], id="over-two-lines"),
    pytest.param(
        Scene(walk(down(400, 485, 35) + down(485, 400, 35)), (ACROSS, BOTTOM)),
        [f"line 1 {BACKWARD}", f"line 1 {FORWARD}"],
        id="the-wheels-cross-and-the-centre-does-not",
    ),
    pytest.param(Scene(walk(along((440, 440), (560, 560))), (CORNER,)), [FORWARD], id="out-through-the-tip-of-a-corner"),
    pytest.param(Scene(walk(along((560, 560), (440, 440), step=6)), (CORNER,)), [BACKWARD], id="in-through-the-tip-of-a-corner"),
    pytest.param(Scene(walk(along((450, 560), (450, 450), (560, 450))), (CORNER,)), [BACKWARD, FORWARD], id="inside-a-corner"),
    pytest.param(Scene(walk(along((470, 526), (526, 470))), (CORNER,)), [], id="cuts-the-tip-of-a-corner"),
    pytest.param(Scene(walk(along((450, 550), (550, 450))), (CORNER,)), [], id="touches-the-tip-of-a-corner-from-outside"),
    pytest.param(
        Scene(walk(along((50, 500), (950, 500))), (ZIGZAG,)),
        [BACKWARD, BACKWARD, BACKWARD, FORWARD, FORWARD],
        id="along-a-zigzag",
    ),
    pytest.param(Scene(walk(along((400, 200), (400, 800))), (ZIGZAG,)), [FORWARD], id="over-a-zigzag-through-one-of-its-tips"),
    pytest.param(
        Scene(walk(along((500, 300), (500, 500), (700, 500))), (SQUARE,)),
        [BACKWARD, FORWARD],
        id="into-a-closed-square-and-out-by-another-side",
    ),
    pytest.param(Scene(walk(along((300, 500), (500, 300))), (SQUARE,)), [], id="past-the-corner-of-a-closed-square"),
    pytest.param(Scene(walk(along((300, 300), (500, 500))), (SQUARE,)), [FORWARD], id="into-a-closed-square-by-its-first-corner"),
]

CAMERAS_AND_TRACKERS = [
    pytest.param(Scene(walk(down(275, 725, 4)), fps=1.0), [FORWARD], id="one-frame-per-second"),
    pytest.param(Scene(walk(down(440, 560, 2)), fps=1.0), [FORWARD], id="seen-once-on-each-side"),
    pytest.param(Scene(walk(down(250, 750, 6))), [FORWARD], id="a-hundred-pixels-per-frame"),
    pytest.param(
        Scene(walk(AT_A_SLOW_CAMERA), fps=2.5), [FORWARD], id="comes-nearer-faster-and-faster-and-is-seen-beyond-just-once"
    ),
    pytest.param(Scene(walk(shaken(down(480, 520, 400), 4))), [FORWARD], id="a-tenth-of-a-pixel-per-frame-and-shaking"),
    pytest.param(
        Scene(walk(down(400, 600, 12)), times_ns=[n * 40_000_000 + n**3 * 1_000_000 for n in range(12)]),
        [FORWARD],
        id="a-frame-rate-that-falls-and-falls",
    ),
    pytest.param(Scene(walk(lost(down(frames=121), 40, 85))), [FORWARD], id="a-gap-of-a-second-and-a-half-on-the-line"),
    pytest.param(
        Scene(renamed(walk(lost(down(frames=121), 40, 85)), [50])),
        [FORWARD],
        id="a-gap-of-a-second-and-a-half-on-the-line-and-another-id",
    ),
    pytest.param(Scene(renamed(walk(down(frames=81)), range(2, 81, 2))), [FORWARD], id="another-id-every-other-frame"),
    pytest.param(Scene(walk(down(), look=looks(-1))), [], id="crosses-under-the-id-minus-one"),
    pytest.param(Scene(walk(down(450, 507, 20))), [FORWARD], id="the-footage-ends-just-behind-the-line"),
    pytest.param(Scene(walk(down(450, 501, 52))), [FORWARD], id="the-footage-ends-just-behind-the-line-on-a-slow-way"),
    pytest.param(
        Scene(renamed(walk(down(450, 507, 20)), [17])), [FORWARD], id="the-footage-ends-just-behind-the-line-after-a-new-id"
    ),
    pytest.param(
        Scene(walk(LEAVING, look=LORRY), fps=5.0), ["forward truck"], id="a-lorry-fills-the-dead-band-and-leaves-the-picture"
    ),
    pytest.param(Scene(walk(down(450, 499, 20))), [], id="the-footage-ends-just-before-the-line"),
    pytest.param(
        Scene(taken_for(walk(down()), TRUCK, range(8), score=0.9)),
        [FORWARD],
        id="more-often-and-more-surely-a-car",
    ),
    pytest.param(
        Scene(taken_for(walk(down(), look=looks(score=0.3)), TRUCK, range(12), score=0.9)),
        ["forward truck"],
        id="more-often-a-car-but-more-surely-a-truck",
    ),
    pytest.param(
        Scene(walk(down(), look=looks(1, TRUCK)), (CARS_ONLY, ACROSS)), ["line 1 forward truck"], id="a-line-for-cars-only"
    ),
    pytest.param(
        Scene(taken_for(walk(down(400, 700, 61), look=looks(score=0.3)), TRUCK, range(25, 61), score=0.9), (CARS_ONLY, SECOND)),
        [FORWARD, "line 1 forward truck"],
        id="a-car-at-the-first-line-and-a-truck-by-the-second",
    ),
]

NOT_SUPPORTED = [
    pytest.param(Scene(walk(still((500, 480), 1) + FLICKER)), [FORWARD], id="all-that-is-seen-is-one-jump-over-the-line"),
    pytest.param(Scene(renamed(walk(down()), range(41))), [], id="another-id-in-every-frame-is-never-confirmed"),
    pytest.param(
        Scene(renamed(walk(lost(down(frames=401), 160, 240)), [200])), [], id="another-id-after-a-gap-of-more-than-two-seconds"
    ),
    pytest.param(
        Scene(clipped(walk(down(700, 860, 33)), 1000), (EDGE,)),
        [],
        id="no-longer-detected-when-its-centre-has-not-reached-the-line",
    ),
]


@pytest.mark.parametrize(("scene", "truth"), PEERS + AT_REST + WAYS + CAMERAS_AND_TRACKERS)
def test_the_count_is_the_truth(scene: Scene, truth: list[str]) -> None:
    assert scene.counted() == truth


@pytest.mark.parametrize(("scene", "answer"), NOT_SUPPORTED)
def test_what_cannot_be_known_has_a_known_answer(scene: Scene, answer: list[str]) -> None:
    assert scene.counted() == answer
