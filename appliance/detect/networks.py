"""The networks of a detector: the one that is asked, and around a swap the one to come and the one before.

loading      the new one is loaded and warmed up in a thread; the other is asked
probation    the new one is asked for pictures of its own size, the other for those that still come in its size, and as a
             witness now and then
settling     it is decided which one is asked; the other still has pictures of its size on their way
alone        the other one is let go of; a picture that still comes in its size is scaled
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import takewhile
from threading import Thread

import numpy as np

from appliance.boxes import Floats
from appliance.clock import NS_PER_S, monotonic_ns
from appliance.config import GateSettings
from appliance.detect.network import Network
from appliance.detect.probation import Paces, Probation
from appliance.detect.refitting import fits, get_ready, shape_in
from appliance.detect.turns import Rounds, in_turns
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from appliance.letterbox import InputRule
from appliance.messages.frames import FrameTicket
from appliance.messages.orders import Switch
from appliance.process_settings import DetectProcess

logger = logging.getLogger(__name__)
# Meanwhile no frame is looked at.
TURNS = Rounds(least=1, most=5, longest_ns=NS_PER_S // 2)


class Loading:
    """A network on its way."""

    def __init__(self, order: Switch, classes: Sequence[str], sources: Sequence[tuple[int, int]], live: InputRule) -> None:
        """``sources`` are the sizes (width, height) of the cameras' pictures, for which it shall be ready; ``live`` is what the
        network that is asked takes.
        """
        self.order = order
        self.network: Network | None = None
        self.problem = ""
        self._classes, self._sources, self._live = classes, sources, live
        self._thread = Thread(target=self._load, name="loading", daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """Whether there is a network, or a problem."""
        return not self._thread.is_alive()

    def _load(self) -> None:
        try:
            network = Network(DetectProcess.model_validate_json(self.order.settings))
            network.keep(self._classes)
            network.warm_up(network.info.rule.shape_for(*source) for source in self._sources)
            if network.info.rule != self._live:
                get_ready()
        except Refusal as refusal:
            self.problem = refusal.sentence
        except (RuntimeError, MemoryError, ValueError) as error:
            self.problem = str(error) or type(error).__name__
        else:
            self.network = network


class Networks:
    """Whom to ask for which picture, and how the new one does."""

    def __init__(self, live: Network) -> None:
        self.live = live
        self.before: Network | None = None
        self.before_problem = ""
        """Why that one is asked no more, though it is there; empty where it is asked."""
        self.probation: Probation | None = None
        self.gates = GateSettings()
        self.paces = Paces()
        """Of the live one."""
        self._witnessed_ns = 0
        self.paused_ns = 0
        """From the last batch of the one before to the first of the new one."""
        self._last_ns = 0

    def of(self, ticket: FrameTicket) -> Network:
        """Who takes this frame: the live one, or for a picture that was made for the one before, that one."""
        if self.before is None or self.before_problem or fits(self.live.info.rule, ticket):
            return self.live
        return self.before if fits(self.before.info.rule, ticket) else self.live

    def together(self, tickets: Sequence[FrameTicket]) -> tuple[FrameTicket, ...]:
        """As many of them, from the first on, as their network can look at in one batch."""
        network = self.of(tickets[0])
        shape = shape_in(network.info.rule, tickets[0])
        most = tickets[: network.max_batch]
        return tuple(takewhile(lambda ticket: shape_in(network.info.rule, ticket) == shape, most))

    def speak(self, names: Sequence[str]) -> None:
        """Answer in the numbers that classes have among these."""
        for network in self._all():
            network.speak(names)

    def keep_classes(self, classes: Sequence[str]) -> None:
        """Find these classes only, or all where none is named."""
        self.live.keep(classes)
        # A line may name what only its successor knows.
        if self.before is not None and (not classes or set(classes) & set(self.before.info.names)):
            self.before.keep(classes)

    def _all(self) -> Iterator[Network]:
        yield self.live
        if self.before is not None:
            yield self.before

    def take_over(self, network: Network, probation: Probation) -> None:
        """From now on it is asked; the one before stays ready."""
        self.before, self.live, self.before_problem = self.live, network, ""
        self.probation, self.paces = probation, probation.paces
        self._witnessed_ns = probation.began_ns
        self.paused_ns = 0

    def trade_places(self) -> None:
        """The one before is asked again; the other only for pictures that were made for it."""
        # There is one during a probation, and for a while after it.
        assert self.before is not None
        self.live, self.before, self.probation, self.before_problem = self.before, self.live, None, ""
        self.paces = Paces()

    def return_(self) -> None:
        """The one before is asked again; the other is gone."""
        # There is one during a probation.
        assert self.before is not None
        self.live, self.before, self.probation, self.before_problem = self.before, None, None, ""
        self.paces = Paces()

    def keep(self) -> None:
        """The other one is let go of."""
        self.before = None

    def lose_before(self, error: Exception) -> None:
        """The one before does not work on what it is given: it takes no frames any more, and is no witness. Only where the other
        one fails, too, is it asked again.
        """
        self.before_problem = str(error)
        logger.warning("the model before the one that counts does not work any more, and is left out: %s", error)

    def wants_witness(self, network: Network, now_ns: int) -> bool:
        """Whether the one before shall look at what this one was just given, too."""
        if self.probation is None or self.before is None or self.before_problem or network is not self.live:
            return False
        if now_ns - self._witnessed_ns < self.probation.witness_pause_ns:
            return False
        self._witnessed_ns = now_ns
        return True

    def wants_turns(self, now_ns: int) -> bool:
        """Whether it shall be found out why the one on probation takes so long, as soon as neither has anything under way."""
        return self.probation is not None and self.probation.seems_slow(now_ns)

    def take_turns(self, picture: Pixels, picture_before: Pixels) -> None:
        """Have both look at the same frame, each in its own input, in turns; neither may have anything under way."""
        # Only during a probation.
        assert self.probation is not None
        assert self.before is not None
        try:
            took_ns, before_ns = in_turns((self.live, self.before), ([picture], [picture_before]), TURNS)
        except RuntimeError as error:
            # Whichever of them it was: the one that counts will show it again where somebody hears of it.
            logger.warning("the two models could not be asked in turns: %s", error)
            self.probation.trust(monotonic_ns())
        else:
            self.probation.compare_paces(took_ns, before_ns, monotonic_ns())

    def done(self, network: Network, pictures: int, began_ns: int, now_ns: int) -> None:
        """A batch has come back."""
        if network is not self.live:
            self._last_ns = now_ns
            return
        if self.before is not None and self.paused_ns == 0:
            self.paused_ns = now_ns - (self._last_ns or now_ns)
        if self.probation is not None:
            self.probation.pictures += pictures
        # Behind another one it has waited.
        self.paces.add((now_ns - max(began_ns, self._last_ns)) // pictures, now_ns)
        self._last_ns = now_ns


def is_finite(outputs: Floats) -> bool:
    """Whether a network has answered with numbers at all."""
    # A sum is not finite where one of its parts is not, and takes no copy.
    return bool(np.isfinite(outputs.sum(dtype=np.float64)))
