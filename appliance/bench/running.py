"""One part after the other, each shown as soon as it is done."""

from __future__ import annotations

import importlib
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from rich.console import Console

from appliance.bench.bench import Bench
from appliance.bench.machine import header, is_busy
from appliance.bench.report import Report, show_header, show_part
from appliance.bench.row import Row, failed
from appliance.clock import NS_PER_S, monotonic_ns
from appliance.errors import Refusal

PARTS = ("tracker", "counting", "handover", "cameras", "backends")
WITHOUT_INPUTS = ("tracker", "handover")


def run_parts(bench: Bench, parts: Sequence[str], console: Console) -> Report:
    """Measure all of them; what one of them cannot is a row that says so."""
    head, rows, seconds = header(), list[Row](), dict[str, float]()
    show_header(head, console)
    if is_busy():
        console.print("this machine has been busy in the last minute: its times may be better than what follows", style="red")
    for part in parts:
        began_ns = monotonic_ns()
        found = rows_of(bench, part)
        seconds[part] = (monotonic_ns() - began_ns) / NS_PER_S
        show_part(part, found, seconds[part], console)
        rows += found
    return Report(head, rows, seconds)


def rows_of(bench: Bench, part: str) -> list[Row]:
    """A part's rows, and in the end one with the reason where it could not be finished."""
    rows: list[Row] = []
    try:
        rows.extend(importlib.import_module(f"appliance.bench.{part}").measure(bench))
    except Refusal as refusal:
        rows.append(failed(part, "could not go on", refusal.sentence))
    except OSError as error:
        rows.append(failed(part, "could not go on", error.strerror or str(error)))
    return rows


@contextmanager
def sigterm_as_sigint() -> Iterator[None]:
    """Inside, SIGTERM breaks off as Ctrl-C does, so that what was started is ended."""

    def break_off(signal_number: int, frame: FrameType | None) -> None:
        del signal_number, frame
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, break_off)
    try:
        yield
    except KeyboardInterrupt:
        raise Refusal("stopped before the end; nothing is written") from None
    finally:
        signal.signal(signal.SIGTERM, before)
