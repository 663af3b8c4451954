"""For how long the ledger keeps what it holds: looked at once a minute, and changed in steps that hold nobody up."""

from __future__ import annotations

import logging
from pathlib import Path

from appliance.clock import NS_PER_MINUTE
from appliance.config import RetentionSettings
from appliance.errors import Refusal
from appliance.ledger.cleaning import Acknowledged, Limits
from appliance.ledger.ledger import Ledger
from appliance.ledger.outbox import acknowledged

NS_PER_DAY = 24 * 60 * NS_PER_MINUTE
BYTES_PER_MB = 1_000_000

logger = logging.getLogger(__name__)


class Retention:
    """Cleans one ledger, for its only writer."""

    def __init__(self, ledger: Ledger, wanted: RetentionSettings | None, outbox: Path | None) -> None:
        """``wanted``: None keeps everything; ``outbox``: None where nothing is sent, so that nothing waits for a broker."""
        self._ledger, self._wanted, self._outbox = ledger, wanted, outbox
        self._identity = ledger.identity()
        self._due_ns: int | None = None

    def look(self, monotonic_ns: int, now_ns: int, open_ns: int) -> None:
        """Take the next step if it is time; ``open_ns``: since when there are open intervals. To be called once a second.

        A cleaning that fails is no reason to stop counting: it has changed nothing, and is tried again a minute later.
        """
        if self._due_ns is None:
            # A start is busy enough, and cameras have yet to say which of their intervals are open.
            self._due_ns = monotonic_ns + NS_PER_MINUTE
        if self._wanted is None or monotonic_ns < self._due_ns:
            return
        try:
            is_done = self._step(self._wanted, now_ns, open_ns)
        except Refusal as refusal:
            logger.warning("nothing was deleted: %s", refusal)
            is_done = True
        if is_done:
            self._due_ns = monotonic_ns + NS_PER_MINUTE

    def _step(self, wanted: RetentionSettings, now_ns: int, open_ns: int) -> bool:
        """Whether there is nothing more to do for now."""
        limits = Limits(now_ns - wanted.days * NS_PER_DAY, open_ns, wanted.most_mb * BYTES_PER_MB, self._acknowledged())
        cleaned = self._ledger.clean(limits, now_ns)
        if cleaned.lost:
            logger.warning(
                "the ledger would be larger than %d MB: %d crossings are deleted that no broker has acknowledged",
                wanted.most_mb,
                cleaned.lost,
            )
        return cleaned.is_done

    def _acknowledged(self) -> Acknowledged:
        if self._outbox is None:
            return Acknowledged()
        crossings, intervals = (acknowledged(self._outbox, self._identity, kind) for kind in ("crossings", "intervals"))
        return Acknowledged(crossings, intervals)
