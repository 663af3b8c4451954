"""What every part of a benchmark is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.bench.inputs import Inputs
from appliance.errors import Refusal


@dataclass(frozen=True, slots=True)
class Bench:
    """One run."""

    chosen: Inputs | None
    """Nothing where no part needs any."""
    peers_python: Path | None
    """The Python of the peers' environment; nothing where they are not asked."""
    is_quick: bool
    folder: Path
    """For what is needed on the way; gone at the end."""
    say: Callable[[str], None]

    @property
    def inputs(self) -> Inputs:
        """Video, model and lines."""
        if self.chosen is None:
            raise Refusal("a video and a model are wanted, found none", usage=True)
        return self.chosen


def median_of(runs: list[Any], key: Callable[[Any], float]) -> Any:
    """The run in the middle; of an even number the lower of the two by ``key``."""
    return sorted(runs, key=key)[(len(runs) - 1) // 2]
