"""NVIDIA's library as nvidia-ml-py finds it: one of its kind that answers what it is told, in the place of ``libnvidia-ml.so.1``.

nvidia-ml-py itself is the real one, with its structs, its pointers and its errors.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

OK, NOT_SUPPORTED, TIMEOUT, FUNCTION_NOT_FOUND, GPU_IS_LOST = 0, 3, 10, 13, 15


@dataclass
class Card:
    """One GPU: what it answers, and what it refuses to, by function."""

    name: str = "NVIDIA L4"
    errors: dict[str, int] = field(default_factory=dict)
    gpu: int = 37
    memory_busy: int = 12
    decoder: int = 21
    celsius: int = 61
    milliwatts: int = 48_500
    megahertz: int = 1590
    total: int = 23_034 << 20
    used: int = 1_024 << 20
    reasons: int = 0
    xids: list[int] = field(default_factory=list)


class Library:
    """Has the functions that are asked for here, as nvml.h has them; each returns a code and fills what it is given."""

    def __init__(self, *cards: Card) -> None:
        self.cards = list(cards)
        self.errors: dict[str, int] = {}
        """Of functions that concern no card."""
        self.sets = 0

    def __getattr__(self, function: str) -> Callable[..., int]:
        if (answer := ANSWERS.get(function)) is None:
            raise AttributeError(function)

        def call(*arguments: Any) -> int:
            if function in self.errors:
                return self.errors[function]
            card = self._card(arguments)
            if card is not None and (error := card.errors.get(function, card.errors.get("*"))) is not None:
                return error
            return answer(self, card, *arguments) or OK

        return call

    def _card(self, arguments: tuple[Any, ...]) -> Card | None:
        """A handle is a pointer to anything; here to the card's number and one."""
        handle = arguments[0] if arguments else None
        number = ctypes.cast(handle, ctypes.c_void_p).value if isinstance(handle, ctypes._Pointer) else None
        return self.cards[number - 1] if number else None


def _point(target: Any, number: int) -> None:
    ctypes.cast(ctypes.addressof(target), ctypes.POINTER(ctypes.c_void_p))[0] = number


def _handle(library: Library, card: Card | None, number: Any, out: Any) -> None:
    _point(out._obj, number.value + 1)


def _count(library: Library, card: Card | None, out: Any) -> None:
    out._obj.value = len(library.cards)


def _name(library: Library, card: Card, handle: Any, out: Any, size: Any) -> None:
    out.value = card.name.encode()


def _use(library: Library, card: Card, handle: Any, out: Any) -> None:
    out._obj.gpu, out._obj.memory = card.gpu, card.memory_busy


def _memory(library: Library, card: Card, handle: Any, out: Any) -> None:
    out._obj.total, out._obj.used = card.total, card.used


def _events(library: Library, card: Card | None, out: Any) -> None:
    """A set for each card, in their order."""
    library.sets += 1
    _point(out._obj, (library.sets - 1) % len(library.cards) + 1)


def _event(library: Library, card: Card, events: Any, out: Any, timeout: Any) -> int:
    if not card.xids:
        return TIMEOUT
    out._obj.eventData = card.xids.pop(0)
    return OK


def _set(name: str) -> Callable[..., None]:
    def answer(library: Library, card: Card, *arguments: Any) -> None:
        arguments[-1]._obj.value = getattr(card, name)

    return answer


def _decoder(library: Library, card: Card, handle: Any, out: Any, period: Any) -> None:
    out._obj.value = card.decoder


ANSWERS: dict[str, Callable[..., int | None]] = {
    "nvmlInitWithFlags": lambda library, card, flags: OK,
    "nvmlShutdown": lambda library, card: OK,
    "nvmlDeviceGetCount_v2": _count,
    "nvmlDeviceGetHandleByIndex_v2": _handle,
    "nvmlDeviceGetName": _name,
    "nvmlDeviceGetUtilizationRates": _use,
    "nvmlDeviceGetDecoderUtilization": _decoder,
    "nvmlDeviceGetTemperature": _set("celsius"),
    "nvmlDeviceGetPowerUsage": _set("milliwatts"),
    "nvmlDeviceGetClockInfo": _set("megahertz"),
    "nvmlDeviceGetMemoryInfo": _memory,
    "nvmlDeviceGetCurrentClocksEventReasons": _set("reasons"),
    "nvmlDeviceGetCurrentClocksThrottleReasons": _set("reasons"),
    "nvmlEventSetCreate": _events,
    "nvmlDeviceRegisterEvents": lambda library, card, handle, kinds, events: OK,
    "nvmlEventSetWait_v2": _event,
}
