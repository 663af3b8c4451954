"""What Prometheus reads: by its conventions, right to the number, and never too much."""

from __future__ import annotations

import msgspec
import pytest
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.registry import Collector

from appliance.latency import GROWTH, NONE, SHORTEST_NS, bucket_of
from appliance.messages.health import Health
from appliance.messages.reports import Condition
from appliance.observe.histograms import EDGES, of_sizes, of_times
from appliance.observe.metrics import Figures, metrics_of
from tests.observe.busy_site import NOW_NS, READINGS, camera, figures, health, process
from tests.observe.conventions import complaints, families_of


class _Once(Collector):
    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        return self._metrics


def exposition(told: Health | None, found: Figures | None) -> str:
    registry = CollectorRegistry()
    registry.register(_Once(list(metrics_of("junction", told, found, READINGS))))
    return generate_latest(registry).decode()


def value(text: str, name: str, **labels: str) -> float:
    """Of the only sample with these labels."""
    [found] = [
        sample.value
        for family in families_of(text).values()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    return found


@pytest.mark.parametrize("cameras", [0, 1, 16])
def test_all_of_it_is_as_prometheus_wants_it(cameras: int) -> None:
    text = exposition(health(cameras), figures(cameras))
    assert list(complaints(text)) == []
    series = sum(not line.startswith("#") for line in text.splitlines())
    assert series <= 200 + 90 * cameras, "48 of each camera are its crossings"


def test_what_is_not_known_is_not_there() -> None:
    text = exposition(None, None)
    assert value(text, "appliance_up") == 0
    assert value(text, "appliance_site_info") == 1
    assert "camera" not in text
    assert "crossings" not in text
    assert list(complaints(text)) == []


def test_a_class_may_be_called_anything() -> None:
    wild = 'a "big"\n\\ truck\u2603'
    text = exposition(None, Figures(totals=((("yard", "gate", "in", wild), 3),)))
    assert value(text, "appliance_crossings_total", **{"class": wild}) == 3


def test_frames_are_told_by_what_became_of_them() -> None:
    text = exposition(health(2), figures(2))
    cause = "appliance_camera_frames_skipped_total"
    assert value(text, "appliance_camera_frames_total", camera="camera-0") == 1000
    assert [value(text, cause, camera="camera-0", cause=name) for name in ("busy", "stale", "waited")] == [20, 3, 9]
    assert value(text, cause, camera="camera-1", cause="waited") == 0
    assert value(text, "appliance_camera_last_frame_timestamp_seconds", camera="camera-1") == NOW_NS / 1e9


def test_a_camera_that_is_down_has_no_tracks() -> None:
    well = health(1)
    gone = msgspec.structs.replace(camera("camera-0"), condition=Condition("down", 'a "toaster"\nanswers'))
    assert value(exposition(well, None), "appliance_camera_tracks", camera="camera-0") == 5
    text = exposition(msgspec.structs.replace(well, cameras=(gone,)), None)
    assert families_of(text)["appliance_camera_tracks"].samples == []
    assert value(text, "appliance_camera_state", state="down") == 1
    assert "toaster" not in text, "a reason is no label"


def test_drift_is_told_by_state_and_statistic_where_it_is_watched_for() -> None:
    text = exposition(health(2), None)
    state, level = "appliance_camera_drift_state", "appliance_camera_drift_level"
    states = {name: value(text, state, camera="camera-1", state=name) for name in ("learning", "steady", "drifting")}
    assert states == {"learning": 0, "steady": 0, "drifting": 1}
    assert value(text, level, camera="camera-0", statistic="sharpness") == 1.25
    assert "blurred" not in text, "a reason is no label"
    unwatched = msgspec.structs.replace(camera("camera-0"), drift=None)
    text = exposition(msgspec.structs.replace(health(1), cameras=(unwatched,)), None)
    assert families_of(text)[state].samples == families_of(text)[level].samples == []


def test_what_it_runs_on_is_told_where_it_can_be_asked() -> None:
    text = exposition(health(0), None)
    state = {name: value(text, "appliance_device_state", device="jetson", state=name) for name in ("ok", "degraded")}
    assert state == {"ok": 0, "degraded": 1}
    assert value(text, "appliance_device_info", device="jetson", model="NVIDIA Jetson Orin NX", power_mode="MAXN_SUPER") == 1
    assert value(text, "appliance_device_load_ratio", device="jetson", unit="nvdec") == 0.25
    assert value(text, "appliance_device_events_total", device="jetson", event="overcurrent") == 2
    assert value(text, "appliance_device_memory_used_bytes", device="gpu0") == 10**9
    assert value(text, "appliance_temperature_celsius", chip="gpu0", sensor="gpu") == 61
    assert value(text, "appliance_power_watts", chip="gpu0", sensor="gpu") == 48.5
    assert "hot" not in text, "a reason is no label"
    assert "VDD_IN" not in text, "a Jetson's sensors are the kernel's, and told as such"
    assert "appliance_device" not in exposition(msgspec.structs.replace(health(0), devices=()), None)


def test_a_process_between_two_lives_is_not_up() -> None:
    dead = msgspec.structs.replace(process("count"), pid=0, condition=Condition("down"))
    complaining = msgspec.structs.replace(process("publish"), condition=Condition("degraded", "no broker"), waiting=12)
    text = exposition(Health(NOW_NS, (dead, complaining), ()), None)
    assert value(text, "appliance_process_up", process="count") == 0
    assert value(text, "appliance_process_up", process="publish") == 1
    assert value(text, "appliance_mqtt_connected") == 0
    assert value(text, "appliance_mqtt_waiting_crossings") == 12


def test_a_time_is_in_its_bucket_and_all_above() -> None:
    for took_ns in (1, SHORTEST_NS, SHORTEST_NS + 1, 40_000_000, 10**9, 10**13):
        one = list(NONE)
        one[bucket_of(took_ns)] = 1
        counted = of_times(tuple(one))
        below = [float(edge) for edge, number in counted if not number]
        assert counted[-1] == ("+Inf", 1)
        # The edges are written with six digits.
        assert all(edge < took_ns / 1e9 * (1 + 1e-5) for edge in below)
        longest_s = float(EDGES[-1][1])
        assert took_ns / 1e9 > longest_s or any(float(edge) < took_ns / 1e9 * GROWTH**3 + 1e-3 for edge, n in counted if n)
    assert 50 < float(EDGES[-1][1]) < 60


def test_batches_are_told_by_their_size() -> None:
    assert of_sizes({1: 5, 3: 2, 100: 1}) == [
        ("1", 5), ("2", 5), ("4", 7), ("8", 7), ("16", 7), ("32", 7), ("64", 7), ("+Inf", 8)
    ]  # fmt: skip
    text = exposition(health(1), None)
    assert value(text, "appliance_detector_batch_pictures_sum") == 5 + 6 + 100
    assert value(text, "appliance_detector_batch_duration_seconds_sum") == 1
