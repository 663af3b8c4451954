"""How fast something goes, from what was counted so far at several moments."""

from __future__ import annotations

from collections import deque

from appliance.clock import NS_PER_S

# Over so long: a picture that is late changes it little, and a camera that stands still shows soon.
WINDOW_NS = 5 * NS_PER_S


class Rates:
    """Of many counters, by name."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[tuple[int, int]]] = {}

    def note(self, time_ns: int, counts: dict[str, int]) -> None:
        """What they are at this time; those that are not named any more are forgotten."""
        self._seen = {name: self._seen.get(name, deque()) for name in counts}
        for name, count in counts.items():
            seen = self._seen[name]
            if seen and (time_ns < seen[-1][0] or count < seen[-1][1]):
                # It has begun anew.
                seen.clear()
            if not seen or time_ns > seen[-1][0]:
                seen.append((time_ns, count))
            while len(seen) > 2 and seen[1][0] <= time_ns - WINDOW_NS:
                seen.popleft()

    def per_second(self, name: str) -> float | None:
        """None where it was seen only once."""
        seen = self._seen.get(name)
        if seen is None or len(seen) < 2:
            return None
        (first_ns, first), (last_ns, last) = seen[0], seen[-1]
        return (last - first) * NS_PER_S / (last_ns - first_ns)
