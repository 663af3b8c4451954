"""Retention: what is old goes, what is too much goes, what nobody has acknowledged goes last and is counted."""

from __future__ import annotations

import logging
import resource
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance import pipeline
from appliance.clock import NS_PER_MINUTE, NS_PER_S
from appliance.config import CameraSettings, RetentionSettings, SiteSettings
from appliance.count.diary import Diary
from appliance.errors import Refusal
from appliance.ledger.cleaning import EVERYTHING, MOST_ROWS, MOST_TRACKS, Acknowledged, Cleaned, Limits
from appliance.ledger.intervals import IntervalSpan
from appliance.ledger.ledger import Ledger
from appliance.ledger.outbox import Outbox
from appliance.ledger.reader import LedgerReader, Loss
from appliance.ledger.records import Gap, Minute, Presence, Seen, TracksRecord
from appliance.ledger.retention import BYTES_PER_MB, Retention
from appliance.messages.orders import Checkpoint
from appliance.process_settings import CountProcess
from tests.ledger.keeping import NOTHING, NOW_NS, ROOM, a_crossing, ago_ns, clean_all, column, count, limits, rows, used_bytes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with closing(Ledger(path, "run1")) as ledger:
        yield ledger


def losses(path: Path) -> list[Loss]:
    with closing(LedgerReader(path)) as reader:
        return reader.losses(0, 1000)


@dataclass(frozen=True)
class Scene:
    """Crossings that were counted so many days ago; which of them, 1-based, are left, and how many are lost."""

    name: str
    days: tuple[float, ...]
    left: tuple[int, ...]
    told: int = EVERYTHING
    keep_days: float = 10
    most_bytes: int = ROOM
    lost: int = 0


SCENES = (
    Scene("nothing was counted", (), ()),
    Scene("nothing is old", (9.9, 5, 0), (1, 2, 3)),
    Scene("old and acknowledged", (12, 11, 10.1, 9.9, 0), (4, 5), told=5),
    Scene("old and nothing is sent anywhere", (12, 11, 0), (3,)),
    Scene("old and not acknowledged", (12, 11, 10.1, 0), (1, 2, 3, 4), told=0),
    Scene("old and acknowledged in part", (12, 11, 10.1, 0), (3, 4), told=2),
    Scene("acknowledged and not old", (9, 8, 0), (1, 2, 3), told=3),
    Scene("a clock that was set back in between", (12, 1, 11, 0), (2, 4)),
    Scene("everything is old: the newest says how far the ledger has come", (12, 11, 10.1), (3,)),
    Scene("too large and all acknowledged", (3, 2, 1, 0), (4,), told=4, most_bytes=0),
    Scene("too large and nothing acknowledged", (3, 2, 1, 0), (4,), told=0, most_bytes=0, lost=3),
    Scene("too large and acknowledged in part", (3, 2, 1, 0), (4,), told=1, most_bytes=0, lost=2),
    Scene("too large, and the old ones are acknowledged", (12, 11, 1, 0), (4,), told=2, most_bytes=0, lost=1),
)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_what_goes_and_what_stays(scene: Scene, ledger: Ledger, path: Path) -> None:
    count(ledger, scene.days)
    wanted = limits(days=scene.keep_days, most_bytes=scene.most_bytes, told=Acknowledged(scene.told, scene.told))
    assert clean_all(ledger, wanted) == scene.lost
    assert column(path, "SELECT sequence FROM crossings ORDER BY sequence") == list(scene.left)
    assert losses(path) == ([Loss(1, NOW_NS, scene.lost)] if scene.lost else [])
    assert column(path, "SELECT total FROM totals") == ([len(scene.days)] if scene.days else []), "totals stay"


def test_a_step_is_small_and_says_when_there_is_more(ledger: Ledger, path: Path) -> None:
    count(ledger, [12] * (2 * MOST_ROWS + 10))
    left = []
    for _ in range(3):
        cleaned = ledger.clean(limits(days=10), NOW_NS)
        left.append((column(path, "SELECT COUNT(*) FROM crossings")[0], cleaned.is_done))
    assert left == [(MOST_ROWS + 10, False), (10, False), (1, True)]


def test_what_nobody_has_acknowledged_goes_last_and_is_counted_step_by_step(ledger: Ledger, path: Path) -> None:
    count(ledger, [0] * (3 * MOST_ROWS + 1))
    told = Acknowledged(MOST_ROWS, 0)
    steps = [ledger.clean(limits(most_bytes=0, told=told), NOW_NS + step) for step in range(4)]
    assert steps == [Cleaned(0, False), Cleaned(MOST_ROWS, False), Cleaned(MOST_ROWS, False), Cleaned(0, True)]
    assert losses(path) == [Loss(1, NOW_NS + 1, MOST_ROWS), Loss(2, NOW_NS + 2, MOST_ROWS)]
    with closing(LedgerReader(path)) as reader:
        assert reader.losses(1, 1000) == [Loss(2, NOW_NS + 2, MOST_ROWS)]
        assert reader.losses(0, 1) == [Loss(1, NOW_NS + 1, MOST_ROWS)]


def test_it_stops_where_it_is_small_enough(ledger: Ledger, path: Path) -> None:
    count(ledger, [0] * (5 * MOST_ROWS))
    most_bytes = used_bytes(path) // 2
    assert clean_all(ledger, limits(most_bytes=most_bytes)) == 0
    assert most_bytes * 0.6 < used_bytes(path) <= most_bytes
    [(first, last, number)] = rows(path, "SELECT MIN(sequence), MAX(sequence), COUNT(*) FROM crossings")
    assert (last, number) == (5 * MOST_ROWS, last - first + 1), "the newest are there, without a gap"


def test_a_number_or_an_event_id_is_never_given_twice(ledger: Ledger, path: Path) -> None:
    count(ledger, [12, 11, 10.5])
    clean_all(ledger, limits(days=10, most_bytes=0))
    with closing(LedgerReader(path)) as reader:
        assert reader.newest() == (3, 0)
        count(ledger, [0])
        assert [(kept.sequence, kept.event_id) for kept in reader.crossings(3, 10)] == [(4, "run1.yard.gate.3")]


def close_interval(ledger: Ledger, line: str, start_ns: int, minutes: int) -> None:
    end_ns = start_ns + minutes * NS_PER_MINUTE
    ledger.close_intervals([IntervalSpan("yard", line, start_ns, end_ns, ("in", "out"), 0, "")])


def test_the_newest_intervals_of_every_line_stay_so_that_none_is_closed_twice(ledger: Ledger, path: Path) -> None:
    for line, last in (("gate", 3), ("gone", 5)):
        for days in (20, 12, last + 9):
            for minutes in (1, 15):
                close_interval(ledger, line, ago_ns(days) - minutes * NS_PER_MINUTE, minutes)
    before = [ledger.interval_ends_ns("yard", line) for line in ("gate", "gone")]
    clean_all(ledger, limits(days=10, most_bytes=0))
    assert [ledger.interval_ends_ns("yard", line) for line in ("gate", "gone")] == before
    assert column(path, "SELECT COUNT(*) FROM intervals") == [4]


@pytest.mark.parametrize(
    ("told", "wanted", "left"),
    [
        (NOTHING, {"days": 10}, 4),
        (Acknowledged(0, 2), {"days": 10}, 2),
        (Acknowledged(), {"days": 10}, 2),
        (Acknowledged(), {"days": 100, "most_bytes": 0}, 1),
        (NOTHING, {"days": 100, "most_bytes": 0}, 1),
    ],
    ids=["not acknowledged", "acknowledged in part", "nothing is sent", "too large", "too large and not acknowledged"],
)
def test_intervals_go_like_crossings(ledger: Ledger, path: Path, told: Acknowledged, wanted: dict[str, int], left: int) -> None:
    for days in (12, 11, 9, 1):
        close_interval(ledger, "gate", ago_ns(days), 1)
    assert clean_all(ledger, limits(told=told, **wanted)) == 0
    assert column(path, "SELECT COUNT(*) FROM intervals") == [left]


def test_the_oldest_go_first_be_they_crossings_or_intervals(ledger: Ledger, path: Path) -> None:
    for number in range(MOST_ROWS):
        close_interval(ledger, "gate", ago_ns(5) + number * NS_PER_MINUTE, 1)
    count(ledger, [6] * (MOST_ROWS // 4) + [4] * MOST_ROWS)
    ledger.clean(limits(most_bytes=0), NOW_NS)
    assert column(path, "SELECT COUNT(*) FROM crossings") == [MOST_ROWS]
    assert column(path, "SELECT COUNT(*) FROM intervals") == [MOST_ROWS // 4]


def fill_diary(ledger: Ledger) -> None:
    """What was seen on three days, and what was not counted then."""
    ledger.line_since_ns("yard", "island", ("forward", "backward"), ago_ns(20))
    for days in (12, 11, 1):
        at_ns = ago_ns(days)
        seen = Seen(at_ns, {at_ns: Minute(1, 1, 0)}, [Gap(at_ns, at_ns + NS_PER_S, "dark")], {("island", at_ns): Presence(1, 1)})
        ledger.see("yard", seen)
        ledger.commit("yard", Checkpoint(), [a_crossing(f"not{days}", days, counted=False)])


DIARY = ("minutes", "presences", "gaps", "not_counted")


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        (limits(days=10, told=NOTHING), 1),
        (limits(days=100), 3),
        (limits(days=100, most_bytes=0, told=NOTHING), 0),
        (limits(days=1, open_ns=ago_ns(11.5)), 2),
        (limits(days=100, most_bytes=0, open_ns=ago_ns(5)), 1),
    ],
    ids=["old", "not old", "too large", "an interval is open", "too large and an interval is open"],
)
def test_what_intervals_are_made_of_goes_too_but_not_of_open_ones(ledger: Ledger, path: Path, wanted: Limits, left: int) -> None:
    fill_diary(ledger)
    clean_all(ledger, wanted)
    assert {table: column(path, f"SELECT COUNT(*) FROM {table}")[0] for table in DIARY} == dict.fromkeys(DIARY, left)


def test_a_gap_is_as_old_as_its_end(ledger: Ledger, path: Path) -> None:
    ledger.see(
        "yard", Seen(NOW_NS, gaps=[Gap(ago_ns(30), ago_ns(11), "dark"), Gap(ago_ns(11), ago_ns(2), "a week without power")])
    )
    clean_all(ledger, limits(days=10))
    assert column(path, "SELECT reason FROM gaps") == ["a week without power"]


def test_a_crossing_of_an_open_interval_is_not_too_old(ledger: Ledger, path: Path) -> None:
    count(ledger, [1.2, 1.1, 0])
    clean_all(ledger, limits(days=1, open_ns=ago_ns(1.15)))
    assert column(path, "SELECT sequence FROM crossings") == [2, 3]


def test_tracks_go_before_anything_that_was_counted_and_those_of_other_runs_first(ledger: Ledger, path: Path) -> None:
    with closing(Ledger(path, "run0")) as other:
        other.commit("yard", Checkpoint(), tracks=[TracksRecord(frame, b"x" * 900) for frame in range(10)])
    count(ledger, [3, 2, 1])
    for camera in ("yard", "road"):
        ledger.commit(camera, Checkpoint(9), tracks=[TracksRecord(frame, b"x" * 900) for frame in range(MOST_TRACKS)])
    most_bytes = used_bytes(path) - 100_000
    ledger.clean(limits(most_bytes=most_bytes), NOW_NS)
    assert rows(path, "SELECT run, COUNT(*) FROM tracks GROUP BY run") == [("run1", 2 * MOST_TRACKS)]
    assert clean_all(ledger, limits(most_bytes=most_bytes)) == 0
    [(road, first), (yard, same)] = rows(path, "SELECT COUNT(*), MIN(frame) FROM tracks GROUP BY camera")
    assert (road, first) == (yard, same) == (MOST_TRACKS - first, first)
    assert 0 < first < MOST_TRACKS
    assert column(path, "SELECT COUNT(*) FROM crossings") == [3]


def test_of_other_runs_only_the_checkpoints_of_each_cameras_newest_stay(ledger: Ledger, path: Path) -> None:
    for run in ("runA", "runB", "runC"):
        with closing(Ledger(path, run)) as other:
            other.commit("yard", Checkpoint(1), seen=Seen(NOW_NS) if run != "runC" else None)
    ledger.commit("gate", Checkpoint(1), seen=Seen(NOW_NS))
    ledger.commit("road", Checkpoint(1))
    clean_all(ledger, limits())
    assert rows(path, "SELECT run, camera FROM checkpoints ORDER BY run, camera") == [
        ("run1", "gate"),
        ("run1", "road"),
        ("runB", "yard"),
    ]


@contextmanager
def no_room() -> Iterator[None]:
    """No file of this process can be written to, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_on_a_full_disk_nothing_is_lost_and_counting_goes_on(
    ledger: Ledger, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    count(ledger, [12, 11, 0])
    retention = Retention(ledger, RetentionSettings(days=10), None)
    retention.look(0, NOW_NS, NOW_NS)
    with no_room():
        with pytest.raises(Refusal, match="cannot be written: .*; what was counted before is in it"):
            ledger.clean(limits(days=10, most_bytes=0, told=NOTHING), NOW_NS)
        retention.look(NS_PER_MINUTE, NOW_NS, NOW_NS)
    assert "nothing was deleted: the ledger" in caplog.text
    assert column(path, "SELECT sequence FROM crossings") == [1, 2, 3]
    assert losses(path) == []
    retention.look(2 * NS_PER_MINUTE - 1, NOW_NS, NOW_NS)
    assert column(path, "SELECT sequence FROM crossings") == [1, 2, 3], "not at once"
    retention.look(2 * NS_PER_MINUTE, NOW_NS, NOW_NS)
    assert column(path, "SELECT sequence FROM crossings") == [3]


def test_it_is_looked_once_a_minute_and_while_there_is_more_with_every_call(ledger: Ledger, path: Path) -> None:
    count(ledger, [12] * (2 * MOST_ROWS))
    retention = Retention(ledger, RetentionSettings(days=10), None)
    left = []
    for second in range(64):
        retention.look((100 + second) * NS_PER_S, NOW_NS, NOW_NS)
        left.append(column(path, "SELECT COUNT(*) FROM crossings")[0])
    assert left == [2 * MOST_ROWS] * 60 + [MOST_ROWS] + [1] * 3
    count(ledger, [12])
    for second in (64, 120, 121, 122):
        retention.look((100 + second) * NS_PER_S, NOW_NS, NOW_NS)
        left.append(column(path, "SELECT COUNT(*) FROM crossings")[0])
    assert left[-4:] == [2, 2, 1, 1]


def look_at_once(retention: Retention) -> None:
    retention.look(0, NOW_NS, NOW_NS)
    for second in range(20):
        retention.look(NS_PER_MINUTE + second, NOW_NS, NOW_NS)


def test_a_job_deletes_nothing(ledger: Ledger, path: Path) -> None:
    count(ledger, [5000, 12, 0])
    look_at_once(Retention(ledger, None, None))
    assert column(path, "SELECT COUNT(*) FROM crossings") == [3]


@pytest.mark.parametrize(
    ("kind", "of_this_ledger", "left"),
    [("crossings", True, 2), ("intervals", True, 4), ("crossings", False, 4)],
    ids=["crossings", "intervals only", "of another ledger"],
)
def test_what_is_acknowledged_stands_in_the_outbox(
    ledger: Ledger, path: Path, tmp_path: Path, kind: str, of_this_ledger: bool, left: int
) -> None:
    count(ledger, [13, 12, 11, 0])
    outbox = tmp_path / "outbox.sqlite"
    with closing(Outbox(outbox, ledger.identity() if of_this_ledger else "another")) as writer:
        writer.move({kind: 2})
        look_at_once(Retention(ledger, RetentionSettings(days=10), outbox))
    assert column(path, "SELECT COUNT(*) FROM crossings") == [left]


def test_where_there_is_no_outbox_yet_everything_waits(ledger: Ledger, path: Path, tmp_path: Path) -> None:
    count(ledger, [13, 12, 11, 0])
    look_at_once(Retention(ledger, RetentionSettings(days=10), tmp_path / "outbox.sqlite"))
    assert column(path, "SELECT COUNT(*) FROM crossings") == [4]
    assert not (tmp_path / "outbox.sqlite").exists()


def test_the_limit_of_the_disk_is_kept_and_the_loss_is_told(
    ledger: Ledger, path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    count(ledger, [0] * 100)
    ledger.commit("yard", Checkpoint(1, 0, bytes(10 * BYTES_PER_MB)))
    news = ledger.news
    with caplog.at_level(logging.WARNING):
        look_at_once(Retention(ledger, RetentionSettings(days=10, most_mb=10), tmp_path / "outbox.sqlite"))
    assert "larger than 10 MB: 99 crossings are deleted that no broker has acknowledged" in caplog.text
    assert losses(path) == [Loss(1, NOW_NS, 99)]
    assert ledger.news > news, "who tells others is woken"


def site_of(**more: object) -> SiteSettings:
    camera = {"name": "yard", "source": "rtsp://yard", "lines": [{"name": "gate", "from": [0, 0.5], "to": [1, 0.5]}]}
    return SiteSettings.model_validate({"cameras": [camera], "detector": {"model": "model.onnx"}, **more})


@pytest.mark.parametrize("broker", ["", "mqtt://here"])
@pytest.mark.parametrize("gives_up", [True, False], ids=["a job", "a site"])
def test_only_a_site_deletes_and_only_one_with_a_broker_waits_for_it(path: Path, broker: str, gives_up: bool) -> None:
    site = site_of(retention={"days": 7}, mqtt={"broker": broker})
    machine = pipeline.build(site, path.parent, path, "run1", path.parent, gives_up=gives_up)
    [text] = [spec.settings for spec in machine.specs if spec.name == "count"]
    wanted = CountProcess.model_validate_json(text)
    assert wanted.retention == (None if gives_up else RetentionSettings(days=7))
    assert wanted.outbox == (pipeline.outbox_of(path) if broker else None)


def test_the_diary_knows_since_when_an_interval_is_open(ledger: Ledger) -> None:
    diary = Diary(ledger, (1, 15))
    assert diary.open_ns(NOW_NS) == NOW_NS
    start_ns = NOW_NS - NOW_NS % (15 * NS_PER_MINUTE)
    diary.begin(CameraSettings.model_validate(site_of().cameras[0].model_dump()), start_ns + 3 * NS_PER_MINUTE)
    diary.close(start_ns + 10 * NS_PER_MINUTE)
    assert diary.open_ns(NOW_NS) == start_ns
    diary.close(start_ns + 16 * NS_PER_MINUTE)
    assert diary.open_ns(NOW_NS) == start_ns + 15 * NS_PER_MINUTE
