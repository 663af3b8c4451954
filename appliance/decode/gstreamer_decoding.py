"""What stands between a camera's packets and its pictures in GStreamer: a decoder, what scales behind it, who is to blame.

rtspsrc ─▶ depayloader ─▶ parser ─▶ decoder ─▶ scaler ─▶ size ─▶ … ─▶ appsink
          └──────── front ────────┘└────────────── back ──────────────┘
"""

from __future__ import annotations

import threading
from typing import Any

import gi

from appliance.decode.decoders import NEVER_HELD, USUALLY_HELD, DecoderFailed, Decoders
from appliance.decode.demand import Demand, GivenSizes, Size
from appliance.decode.gstreamer_pipelines import FROM_RTP, Decoder
from appliance.errors import Refusal

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402  # versions first

# What is said by who feeds a decoder that says nothing itself: GStreamer's for NVIDIA, where the engine cannot be had any more.
NOT_TAKEN = ("reason not-negotiated", "reason error")


class Decoding:
    """That of one connection. GStreamer's threads call it, too."""

    def __init__(self, decoders: Decoders, demand: Demand | None) -> None:
        self._decoders, self._demand = decoders, demand
        self._lock = threading.Lock()
        self._sizes = GivenSizes()
        self._true_size: Size | None = None
        self._probes: list[tuple[Any, int]] = []
        self._decoder: Decoder | None = None
        self._back: Any = None
        self._held = 0
        self._has_shown = False
        self._fault = ""
        self._is_behind_decoder = False
        self.refusal: Refusal | None = None
        """Why there is no decoder."""

    @property
    def said(self) -> str:
        """Which decoder it is, and why not a better one."""
        decoder = self._decoder
        return "" if decoder is None else f"{decoder.element}, because {self._decoders.passed_over() or decoder.why}"

    def connect(self, codec: str, pad: Any, pipeline: Any, sink: Any) -> None:
        """Put a decoder between what comes from a pad and the sink; ``refusal`` where there is none."""
        try:
            decoder = self._decoders.choose(codec, has)
        except Refusal as refusal:
            self.refusal = refusal
            return
        front = Gst.parse_bin_from_description(FROM_RTP[codec], True)
        back = Gst.parse_bin_from_description(decoder.launch, True)
        self._decoder, self._back = decoder, back
        for name, wish, value in decoder.wishes:
            element = back.get_by_name(name)
            if element.find_property(wish) is not None:
                Gst.util_set_object_arg(element, wish, value)
        if decoder.is_hardware:
            self._watch(back.get_by_name("decoder"))
        pipeline.add(front)
        pipeline.add(back)
        front.link(back)
        back.link(sink)
        back.sync_state_with_parent()
        front.sync_state_with_parent()
        pad.link(front.get_static_pad("sink"))

    def _watch(self, element: Any) -> None:
        kinds = Gst.PadProbeType
        for name, kind, look in (("sink", kinds.BUFFER, self._on_packet), ("src", kinds.EVENT_DOWNSTREAM, self._on_event)):
            pad = element.get_static_pad(name)
            self._probes.append((pad, pad.add_probe(kind, look)))

    def _on_packet(self, pad: Any, found: Any) -> Any:
        del pad
        if self._held or not found.get_buffer().has_flags(Gst.BufferFlags.DELTA_UNIT):
            self._held += 1
        return Gst.PadProbeReturn.OK

    def _on_event(self, pad: Any, found: Any) -> Any:
        """The size of the pictures that follow is told to what scales them before the first of them comes by."""
        del pad
        event = found.get_event()
        if event.type == Gst.EventType.CAPS:
            structure = event.parse_caps().get_structure(0)
            with self._lock:
                self._true_size = structure.get_value("width"), structure.get_value("height")
                self._ask_for_size()
        return Gst.PadProbeReturn.OK

    def serve(self, demand: Demand) -> None:
        """Give pictures for this from now on."""
        with self._lock:
            if demand != self._demand:
                self._demand = demand
                self._ask_for_size()

    def _ask_for_size(self) -> None:
        if self._decoder is None or not self._decoder.caps or self._true_size is None:
            return
        width, height = self._sizes.given(self._true_size, self._demand)
        caps = Gst.Caps.from_string(f"{self._decoder.caps},width={width},height={height}")
        self._back.get_by_name("size").set_property("caps", caps)

    def true_size(self, given_size: Size) -> Size:
        """How large the camera sent a picture that is given in this size, which is a sign of life."""
        self._held, self._has_shown = 0, True
        return self._sizes.true(given_size)

    def hear(self, message: Any) -> None:
        """Whether an error is the decoder's: said by it, or by what feeds it and finds that it does not take its pictures."""
        if self._decoder is None or not self._decoder.is_hardware or self._fault:
            return
        error, details = message.parse_error()
        if message.src.has_as_ancestor(self._back):
            self._fault = error.message
            self._is_behind_decoder = message.src != self._back.get_by_name("decoder")
        elif any(words in (details or "") for words in NOT_TAKEN):
            self._fault = "it does not take what the camera sends"

    @property
    def is_stuck(self) -> bool:
        """Whether there is no use in waiting for a picture, now that none is ready."""
        return self._held > NEVER_HELD

    def verdict(self) -> DecoderFailed | None:
        """Now that no picture comes any more: whether the decoder is to blame. It is noted, so it can be asked once."""
        decoder = self._decoder
        if decoder is None or not decoder.is_hardware or not (self._fault or self._held > USUALLY_HELD):
            return None
        reason = self._fault or f"it takes pictures, {self._held} since the last one, and shows none"
        sentence = self._decoders.failed(decoder, reason, only_this_way=self._is_behind_decoder, had_shown=self._has_shown)
        return DecoderFailed(sentence)

    def close(self) -> None:
        """Let go of what holds the pipeline, which holds this."""
        for pad, probe in self._probes:
            pad.remove_probe(probe)
        self._probes = []
        self._back = None


def has(element: str) -> bool:
    """Whether this machine has an element."""
    Gst.init(None)
    return Gst.ElementFactory.find(element) is not None
