"""Retention, whatever the order of counting, acknowledging and cleaning: nothing goes that was neither told nor counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.ledger.cleaning import MOST_ROWS, Acknowledged, Limits
from appliance.ledger.ledger import Ledger
from appliance.ledger.outbox import Outbox, acknowledged
from tests.ledger.keeping import NOW_NS, ROOM, ago_ns, column, count, limits, rows, used_bytes


@dataclass
class Box:
    """A ledger and its outbox, and what must be true of them."""

    ledger: Ledger
    outbox: Outbox
    outbox_path: Path
    times_ns: list[int] = field(default_factory=list)
    """Of every crossing ever, by sequence number."""
    told: int = 0

    def count(self, number: int, days: int) -> None:
        count(self.ledger, [days] * number)
        self.times_ns += [ago_ns(days)] * number

    def acknowledge(self, share: float) -> None:
        self.told = max(self.told, round(share * len(self.times_ns)))
        self.outbox.move({"crossings": self.told})

    def clean(self, days: int, most_bytes: int, *, steps: int = 1) -> None:
        """Some steps, each of which is judged."""
        for _ in range(steps):
            told = acknowledged(self.outbox_path, self.ledger.identity(), "crossings")
            assert told == self.told
            wanted = limits(days=days, most_bytes=most_bytes, told=Acknowledged(told, told))
            here, lost, size = self._here(), self._lost(), used_bytes(self.ledger.path)
            cleaned = self.ledger.clean(wanted, NOW_NS)
            self._judge(wanted, here - self._here(), self._lost() - lost, is_too_large=size > most_bytes)
            if cleaned.is_done:
                break

    def _judge(self, wanted: Limits, gone: set[int], lost: int, *, is_too_large: bool) -> None:
        assert lost == sum(sequence > self.told for sequence in gone), "each one that is lost is counted"
        assert is_too_large or not lost
        assert is_too_large or all(self.times_ns[sequence - 1] < wanted.before_ns for sequence in gone)
        assert len(gone) <= 2 * MOST_ROWS
        waiting = [sequence for sequence in self._here() if sequence <= self.told and sequence < len(self.times_ns)]
        assert not lost or not waiting, "what was acknowledged went before"

    def judge_totals(self) -> None:
        path = self.ledger.path
        assert column(path, "SELECT COALESCE(SUM(total), 0) FROM totals") == [len(self.times_ns)]
        gone_unsent = sum(sequence > self.told for sequence in set(range(1, len(self.times_ns) + 1)) - self._here())
        assert gone_unsent <= self._lost()
        assert not self.times_ns or max(self._here()) == len(self.times_ns)

    def _here(self) -> set[int]:
        return {sequence for (sequence,) in rows(self.ledger.path, "SELECT sequence FROM crossings")}

    def _lost(self) -> int:
        return int(rows(self.ledger.path, "SELECT COALESCE(SUM(number), 0) FROM losses")[0][0])


@contextmanager
def a_box() -> Iterator[Box]:
    with TemporaryDirectory() as folder:
        path, outbox_path = Path(folder, "ledger.sqlite"), Path(folder, "outbox.sqlite")
        with closing(Ledger(path, "run1")) as ledger, closing(Outbox(outbox_path, ledger.identity())) as outbox:
            yield Box(ledger, outbox, outbox_path)


# What an empty ledger needs, its newest crossing, and some losses.
LEAST_BYTES = 160_000
ACTS: st.SearchStrategy[Callable[[Box], None]] = st.one_of(
    st.builds(lambda number, days: lambda box: box.count(number, days), st.integers(1, 1500), st.integers(0, 3)),
    st.builds(lambda share: lambda box: box.acknowledge(share), st.floats(0, 1)),
    st.builds(
        lambda days, most_bytes: lambda box: box.clean(days, most_bytes),
        st.integers(1, 3),
        st.sampled_from([LEAST_BYTES, 300_000, 600_000, ROOM]),
    ),
)


@settings(max_examples=60)
@given(st.lists(ACTS, max_size=12), st.sampled_from([LEAST_BYTES, 400_000]))
def test_whatever_happens_nothing_goes_that_was_not_told_or_counted(acts: list[Callable[[Box], None]], most_bytes: int) -> None:
    with a_box() as box:
        for act in acts:
            act(box)
            box.judge_totals()
        box.clean(10_000, most_bytes, steps=100)
        box.judge_totals()
        assert used_bytes(box.ledger.path) <= most_bytes, "the limit is kept in the end"
