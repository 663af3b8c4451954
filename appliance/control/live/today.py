"""What every line has counted since midnight, for who looks on: asked of the ledger once for all of them."""

from __future__ import annotations

import sqlite3
from datetime import tzinfo
from pathlib import Path
from threading import Lock

from appliance.clock import NS_PER_S, monotonic_ns, wall_ns
from appliance.control.live.painting import Score, Scores
from appliance.errors import Refusal
from appliance.ledger.queries import Queries, Span
from appliance.publish.days import midnight_ns

LONGEST_NS = 30 * NS_PER_S
SHORTEST_NS = NS_PER_S // 2


class Today:
    """May be asked by any thread, as often as it likes."""

    def __init__(self, ledger: Path, zone: tzinfo | None) -> None:
        self._ledger, self._zone = ledger, zone
        self._lock = Lock()
        self._scores: Scores = {}
        self._day_ns = self._asked_ns = 0
        self._has_news = True

    def hear(self) -> None:
        """There is something new in the ledger."""
        self._has_news = True

    def scores(self) -> Scores:
        """By camera and line."""
        now_ns = monotonic_ns()
        age_ns = now_ns - self._asked_ns
        if age_ns < SHORTEST_NS or (age_ns < LONGEST_NS and not self._has_news):
            return self._scores
        # Whoever comes meanwhile takes what there is.
        if self._lock.acquire(blocking=False):
            try:
                self._has_news, self._asked_ns = False, now_ns
                self._scores = self._ask(now_ns)
            finally:
                self._lock.release()
        return self._scores

    def _ask(self, now_ns: int) -> Scores:
        wall = wall_ns()
        since_ns = midnight_ns(wall, self._zone)
        before = self._scores if since_ns == self._day_ns else {}
        self._day_ns = since_ns
        try:
            book = Queries(self._ledger)
            try:
                span = Span(since_ns, max(wall, since_ns + 1), "day", self._zone)
                [day, *_] = book.counts(span, group_by=("camera", "line", "direction"), now_ns=wall)
            finally:
                book.close()
        except (Refusal, sqlite3.Error):
            # It is not there yet.
            return before
        counts: dict[tuple[str, str], dict[str, int]] = {}
        for (camera, line, direction), number in day.counts.items():
            counts.setdefault((camera, line), {})[direction] = number
        return {key: _score(before.get(key), numbers, now_ns) for key, numbers in counts.items()}


def _score(before: Score | None, counts: dict[str, int], now_ns: int) -> Score:
    if before is None or before.counts == counts:
        return Score(counts, 0 if before is None else before.changed_ns)
    return Score(counts, now_ns)
