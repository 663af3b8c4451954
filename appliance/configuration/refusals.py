"""Why a configuration is not changed, one kind for each answer that a program may want to give."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.errors import Refusal, encodable


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: its dotted place, what it is, and line and column in the file, from 1; 0 if they are nowhere."""

    place: str
    reason: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.reason} (line {self.line}, column {self.column})" if self.line else self.reason


class Faulty(Refusal):
    """No configuration: broken YAML, or settings that are wrong."""

    def __init__(self, origin: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(f"{origin}: {faults[0]}", usage=True)
        self.faults = tuple(Fault(encodable(fault.place), encodable(fault.reason), fault.line, fault.column) for fault in faults)


class Stale(Refusal):
    """The file is not any more what the change was made for."""


class Missing(Refusal):
    """What shall be changed is not there."""


class Taken(Refusal):
    """What shall be new is there already."""


class MachineRefused(Refusal):
    """The running machine does not want to become this."""


class NoAnswer(MachineRefused):
    """The running machine says nothing; what it has become, nobody knows."""
