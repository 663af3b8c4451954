"""Whether a model may be used on this device, found out in a process that is thrown away.

Gate after gate, up to the first that does not let it through:

    hash        the file is the one that its manifest is about, and nobody has changed the manifest
    format      it is a whole ONNX model with the head of a detector, and knows the classes that lines name
    load        it loads and runs on this device's backend
    reference   in the reference picture it sees what it saw in f32 on a CPU, and answers with numbers
    batches     several pictures at a time, and pictures of another shape, are answered as single ones are
    latency     a picture takes no more than it may, by itself and against the live model, alone and among others
    memory      there is room for it beside the live one
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from pydantic import Field

from appliance.config import DetectorSettings
from appliance.counted import Settings
from appliance.detect.throwaway import ThrowAway

GATES = ("hash", "format", "load", "reference", "batches", "latency", "memory")


class Began(msgspec.Struct, frozen=True, tag=True):
    """News: a gate is being looked at."""

    gate: str


class Verdict(msgspec.Struct, frozen=True, tag=True):
    """What a gate says, as a sentence, and what was measured there."""

    gate: str
    is_good: bool
    sentence: str
    figures: dict[str, float] = {}


class AcceptanceRequest(Settings):
    """What is asked."""

    model: Path
    """The file, with its manifest beside it where it has one."""
    settings: DetectorSettings
    """Of the detector that would run it; the model that they name does not matter."""
    is_live: bool = True
    """Whether that detector works for live cameras."""
    named: tuple[str, ...] = ()
    """The classes that lines and zones name."""
    live: Path | None = None
    """The model file that counts now."""
    built: Path | None = None
    """Where the engines are that this device has built; None: there are none."""
    picture: Path | None = None
    """To look at where no manifest has one: any that OpenCV reads. Nothing named: a pattern."""
    most_times: float = Field(default=4.0, gt=0)
    """How much longer than the live model it may take for a picture."""
    latency_ms: float | None = Field(default=None, gt=0)
    """The most that a picture may take, by itself."""
    memory_mb: float | None = Field(default=None, gt=0)
    """The most that it may take when it is loaded; None: most of what is free."""
    limit_s: float = Field(default=180.0, gt=0)
    """Of all gates together, and"""
    limit_mb: float | None = Field(default=None, gt=0)
    """the memory that they may take beyond the libraries'; None: most of what is free."""


def start_acceptance(request: AcceptanceRequest) -> Acceptance:
    """Begin; it goes on by itself."""
    return Acceptance(request)


class Acceptance:
    """One that is under way. Nothing here waits."""

    def __init__(self, request: AcceptanceRequest) -> None:
        self.verdicts: list[Verdict] = []
        """Of the gates that are behind it."""
        self.gate = GATES[0]
        """Where it is."""
        self._outcome: Verdict | None = None
        self._process = ThrowAway("appliance.detect.trial", request.model_dump_json(), request.limit_s, request.limit_mb)

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    def poll(self) -> Verdict | None:
        """The end of it, once it is there: that of the gate which it did not pass, or that of the last one with all figures."""
        if self._outcome is None:
            has_ended = self._process.has_ended()
            for line in self._process.lines():
                self._hear(msgspec.json.decode(line, type=Began | Verdict))
            self._outcome = self._judged(has_ended=has_ended)
            if self._outcome is not None:
                self._process.close()
        return self._outcome

    def cancel(self) -> None:
        """Break it off; the verdict says so."""
        self._process.cancel()

    def close(self) -> None:
        """Break it off where it is under way; nobody asks for the verdict any more."""
        if self._outcome is None:
            self._process.close()

    def wait(self) -> Verdict:
        """The end of it, for those who may wait."""
        self._process.wait()
        outcome = self.poll()
        # It has ended.
        assert outcome is not None
        return outcome

    def _hear(self, news: Began | Verdict) -> None:
        self.gate = news.gate
        if isinstance(news, Verdict):
            self.verdicts.append(news)

    def _judged(self, *, has_ended: bool) -> Verdict | None:
        last = self.verdicts[-1] if self.verdicts else None
        if last is not None and not last.is_good:
            return last
        if last is not None and last.gate == GATES[-1]:
            figures = {name: value for verdict in self.verdicts for name, value in verdict.figures.items()}
            return Verdict(last.gate, is_good=True, sentence=last.sentence, figures=figures)
        if not has_ended:
            return None
        verdict = Verdict(self.gate, is_good=False, sentence=f"{DOING[self.gate]}, but {self._process.end_in_words}")
        self.verdicts.append(verdict)
        return verdict


DOING = {
    "hash": "the file was to be read",
    "format": "the model was to be looked into",
    "load": "the model was to be loaded on this device",
    "reference": "the model was to look at the reference picture",
    "batches": "the model was to look at several pictures at a time",
    "latency": "the model's speed was to be measured",
    "memory": "the model's memory was to be measured",
}
