"""A swap of the network, from the order to its end: load, take over, watch, keep or go back."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from appliance.clock import NS_PER_MS, NS_PER_S, monotonic_ns
from appliance.config import GateSettings
from appliance.detect.cuda import has_device_file
from appliance.detect.network import Network
from appliance.detect.networks import Loading, Networks
from appliance.detect.probation import Probation
from appliance.ipc.command import CommandLink
from appliance.messages.orders import Return, Switch, Take
from appliance.messages.reports import Condition

# After which no picture in the size of the other network is on its way any more.
SETTLED_NS = 10 * NS_PER_S
NOT_COMPARED = "it was not compared to the end, as the one before it does not work any more"

logger = logging.getLogger(__name__)


class Changes:
    """Of one detector."""

    def __init__(self, link: CommandLink, networks: Networks) -> None:
        self._link, self._networks = link, networks
        self._loading: Loading | None = None
        self._loaded: Network | None = None
        self._number = self._taken = 0
        """Of the swap that was begun last, and of the one whose network took over last."""
        self._usual_ns: int | None = None
        """What the live network took for a picture before another one was loaded, which takes all cores."""
        self._has_told = True
        self._may_return = False
        """Whether the one that was asked before can be asked again, at somebody's word."""
        self._settled_ns = 0
        self._tell_why()

    def switch(self, order: Switch, classes: Sequence[str], sources: Iterable[tuple[int, int]]) -> None:
        """Begin to load another network, with these classes wanted, for pictures of these sizes (width, height)."""
        self._number, self._loaded, self._may_return = order.number, None, False
        self._usual_ns = self._networks.paces.median_ns
        self._loading = Loading(order, classes, tuple(sources), self._networks.live.info.rule)

    def take(self, order: Take, classes: Sequence[str]) -> None:
        """From here on the network that was loaded is asked, about these classes."""
        network, self._loaded = self._loaded, None
        if network is None or order.number != self._number:
            self._link.swapping(order.number, "failed", "it is not loaded")
            return
        network.speak(order.names)
        network.keep(classes)
        gates = GateSettings.model_validate_json(order.gates)
        self._networks.take_over(network, Probation(gates, self._usual_ns, monotonic_ns(), is_proved=order.is_proved))
        self._taken, self._has_told, self._may_return = order.number, False, True
        self._tell_why()
        # Decoders follow where its input is another one; until then nothing comes that it is asked about.
        self._tell("taken", {})

    def go_back(self, order: Return) -> None:
        """Nothing is loaded any more, and what took over goes again, even where it has just been kept and whoever gave the order
        had not heard of it; pictures made for it are still its own.
        """
        if order.number == self._number:
            self._loading = self._loaded = None
        if self._may_return and self._networks.before is not None and self._number == order.number:
            self._may_return = False
            self._networks.trade_places()
            self._tell_why()
            self._settled_ns = monotonic_ns() + SETTLED_NS
        self._link.swapping(order.number, "returned", "as it was told to")

    def look(self, now_ns: int) -> None:
        """See whether anything is due."""
        if self._loading is not None and self._loading.is_done:
            self._end_loading(self._loading)
        networks = self._networks
        if (probation := networks.probation) is None:
            if networks.before is not None and now_ns > self._settled_ns:
                networks.keep()
            return
        if not self._has_told and networks.paused_ns:
            self._has_told = True
            self._tell("switched", {"pause_ms": round(networks.paused_ns / NS_PER_MS, 1)})
        if fault := probation.fault():
            self.failed(fault)
        elif probation.is_over(now_ns) and not probation.seems_slow(now_ns):
            networks.probation, self._settled_ns = None, now_ns + SETTLED_NS
            problem = networks.before_problem
            self._tell("kept", probation.figures(), f"{NOT_COMPARED}: {problem}" if problem else "")

    def failed(self, sentence: str) -> None:
        """The network that took over is no good: the one before is asked again."""
        # Only that is watched.
        assert self._networks.probation is not None
        figures = self._networks.probation.figures()
        logger.warning("the model is taken back: %s", sentence)
        self._networks.return_()
        self._tell_why()
        self._may_return = False
        self._link.swapping(self._taken, "returned", sentence, figures)

    def _end_loading(self, loading: Loading) -> None:
        self._loading, self._loaded = None, loading.network
        if self._loaded is None:
            self._link.swapping(self._number, "failed", loading.problem)
        else:
            _log_why(self._loaded)
            self._link.swapping(self._number, "loaded", model=self._loaded.info)

    def _tell(self, step: str, figures: dict[str, float], sentence: str = "") -> None:
        self._link.swapping(self._taken, step, sentence, figures, self._networks.live.info)

    def _tell_why(self) -> None:
        """Why the network that is asked does not run on something better, where this computer has that."""
        live = self._networks.live
        _log_why(live)
        why = f"on {live.info.backend}, {'; '.join(live.passed_over)}" if live.is_second_best else ""
        # It counts all the same.
        self._link.process_is(Condition("ok", why))


def _log_why(network: Network) -> None:
    if has_device_file() or network.is_second_best:
        for sentence in network.passed_over:
            logger.warning("%s", sentence)
