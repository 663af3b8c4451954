"""Which of GStreamer's decoders a camera gets: the best one that is here, and that has not failed of late."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.decode.gstreamer_pipelines import DECODERS, Decoder, Has
from appliance.errors import Refusal

# How long one that has failed is passed over. What is wrong with it seldom passes soon: another program has all of the engine's
# sessions, the driver is gone, the camera's profile is none of its. To find that out anew costs a camera seconds of blindness
# with every connection; never to look again would leave it to the CPU until somebody restarts it. It is looked at again when the
# camera is called next: no connection that works is given up for it.
REST_NS = 600 * NS_PER_S

# So many pictures, the first of them a whole one, are usually inside a decoder before one comes out, because it puts them in
# order; and so many never are. GStreamer's one for NVIDIA says nothing where the engine's sessions are taken, or the GPU is lost.
USUALLY_HELD, NEVER_HELD = 8, 32

logger = logging.getLogger(__name__)


class DecoderFailed(Refusal):
    """A hardware decoder shows nothing of a camera; another one may."""


class NoDecoder(Refusal):
    """None is here, or left."""


class Decoders:
    """Those of one camera, over all its connections."""

    def __init__(
        self,
        table: Mapping[str, tuple[Decoder, ...]] = DECODERS,
        now_ns: Callable[[], int] = monotonic_ns,
        *,
        only_hardware: bool = False,
    ) -> None:
        """``only_hardware``: where somebody else decodes on the CPU."""
        self._table, self._now_ns, self._only_hardware = table, now_ns, only_hardware
        self._codec = self._cpus_codec = ""
        """What the camera sent when hardware was asked for last, and what the CPU has decoded since; each has its own names."""
        self._stumbled_ns: dict[tuple[str, str], int] = {}
        self._rests: dict[tuple[str, str], tuple[float, str]] = {}
        """Until when, and why, of elements and of whole launch lines, by codec: what fails with one may be good for another."""

    def sends(self, codec: str) -> None:
        """Hardware is asked for, for this."""
        self._codec, self._cpus_codec = codec, ""

    def choose(self, codec: str, has: Has) -> Decoder:
        """The best one now; raises ``NoDecoder``."""
        self.sends(codec)
        if codec not in self._table:
            raise NoDecoder(f"GStreamer is asked for H.264 or H.265, found {codec}")
        known = [decoder for decoder in self._table[codec] if decoder.is_hardware or not self._only_hardware]
        for decoder in known:
            if decoder.is_here(has) and not self.rests_of(decoder):
                return decoder
        if reasons := self.passed_over():
            raise NoDecoder(reasons)
        wanted = " or ".join(dict.fromkeys(decoder.element for decoder in known))
        raise NoDecoder(f"GStreamer needs {wanted} for {codec}, found none of them (scripts/install --system)")

    def passed_over(self) -> str:
        """Which were of use if they had not failed, and why, in words; empty where there is none."""
        reasons = (reason for decoder in self._table.get(self._codec, ()) for reason in self.rests_of(decoder))
        return "; ".join(dict.fromkeys(reasons))

    def is_hopeless(self, has: Has) -> bool:
        """Whether all hardware is passed over for what the camera sent when it was last called."""
        usable = [decoder for decoder in self._table.get(self._codec, ()) if decoder.is_hardware and decoder.is_here(has)]
        return self._codec != "" and all(map(self.rests_of, usable))

    def is_another(self, codec: str) -> bool:
        """Whether the CPU now has something else to decode than what no hardware was found for, which may be asked for again."""
        before, self._cpus_codec = self._cpus_codec, codec
        if self._codec == "" or before in ("", codec):
            return False
        self._codec = ""
        return True

    def rule_out(self, decoder: Decoder, reason: str) -> None:
        """Note that one is none for what the camera sends, and never will be."""
        self._rests[self._codec, decoder.element] = math.inf, reason

    def failed(self, decoder: Decoder, reason: str, *, only_this_way: bool, had_shown: bool) -> str:
        """Note that one has; the sentence for it.

        ``only_this_way``: not the decoder itself, but something behind it. One that ``had_shown`` pictures may have stumbled over
        the stream, and gets a second chance.
        """
        sentence = f"{decoder.element} has failed ({reason})"
        key, now_ns = (self._codec, decoder.launch if only_this_way else decoder.element), self._now_ns()
        stumbled_ns = self._stumbled_ns.get(key)
        if had_shown and (stumbled_ns is None or now_ns - stumbled_ns > REST_NS):
            self._stumbled_ns[key] = now_ns
            return sentence
        self._rests[key] = now_ns + REST_NS, sentence
        logger.warning("%s, and is passed over for %d minutes", sentence, REST_NS // NS_PER_S // 60)
        return sentence

    def rests_of(self, decoder: Decoder) -> list[str]:
        """Why it is passed over now; empty where it is not."""
        rests = (self._rests.get((self._codec, key), (0, "")) for key in (decoder.element, decoder.launch))
        return [reason for until_ns, reason in rests if until_ns > self._now_ns()]
