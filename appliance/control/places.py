"""How many may be connected, in all and from one address.

A connection waits as long as its request has not come in whole, and works from then until it is answered; a stream works as long
as somebody looks. Where all places are taken, the one that has waited longest goes, so that clients that open connections and say
nothing, or say it slowly, keep nobody out; and nobody who works is ever sent away.
"""

from __future__ import annotations

import resource
from asyncio import Transport
from collections import Counter
from dataclasses import dataclass, field

from appliance.access.attempts import party_of
from appliance.control.origin import is_loopback

MOST = 512
# Of one address: a room full of screens with six pictures each. A proxy on this computer stands for all of them.
MOST_PER_PARTY = 128
# For all of them, and for everything else that the process has open.
WANTED_FILES = 4096


def raise_limit_of_files() -> None:
    """Have as many files open as all places need, as far as this process may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


@dataclass(slots=True)
class Places:
    """Of one server. Used by its loop alone."""

    most: int = MOST
    most_per_party: int = MOST_PER_PARTY
    refused: int = 0
    _party: dict[Transport, str] = field(default_factory=dict)
    _waiting: dict[Transport, None] = field(default_factory=dict)
    """The one that waits longest is the first."""
    _of_party: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self._party)

    def enter(self, transport: Transport, address: str) -> bool:
        """Somebody is here and waits; False where there is no place."""
        party = party_of(address)
        if not is_loopback(address) and self._of_party[party] >= self.most_per_party and not self._free_one(party):
            self.refused += 1
            return False
        if len(self._party) >= self.most and not self._free_one():
            self.refused += 1
            return False
        self._party[transport] = party
        self._of_party[party] += 1
        self._waiting[transport] = None
        return True

    def work(self, transport: Transport) -> None:
        """Its request has come in."""
        self._waiting.pop(transport, None)

    def wait(self, transport: Transport) -> None:
        """It is answered, and may ask again."""
        if transport in self._party:
            self._waiting.setdefault(transport)

    def leave(self, transport: Transport) -> None:
        """It is gone."""
        party = self._party.pop(transport, None)
        self._waiting.pop(transport, None)
        if party is None:
            return
        self._of_party[party] -= 1
        if not self._of_party[party]:
            del self._of_party[party]

    def _free_one(self, party: str | None = None) -> bool:
        longest = next((one for one in self._waiting if party in (None, self._party[one])), None)
        if longest is None:
            return False
        self.leave(longest)
        longest.abort()
        return True
