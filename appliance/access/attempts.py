"""Pauses for an address that shows wrong tokens, growing up to a minute; all other addresses go on.

A wrong secret of a token that there is pauses this token alone, from there: behind one address there may be many, as behind a
proxy on this computer, and what one of them does wrong is not the others' fault.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from threading import Lock

from appliance.clock import NS_PER_MINUTE, NS_PER_S

FREE_FAILURES = 5
WINDOW_NS = NS_PER_MINUTE
FIRST_PAUSE_NS = NS_PER_S
LONGEST_PAUSE_NS = NS_PER_MINUTE
# After this long without a failure an address begins anew.
FORGOTTEN_NS = 10 * NS_PER_MINUTE
MOST_ADDRESSES = 10_000
IPV6_PREFIX = 64


@dataclass(slots=True)
class _Record:
    last_ns: int
    recent_ns: deque[int] = field(default_factory=lambda: deque(maxlen=FREE_FAILURES))
    pauses: int = 0
    until_ns: int = 0


class Attempts:
    """What is remembered of addresses that failed: the newest 10,000. Time is any clock that does not go back."""

    def __init__(self) -> None:
        self._records: OrderedDict[tuple[str, str], _Record] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._records)

    def pause_ns(self, address: str, now_ns: int, token_id: str = "") -> int:
        """How long this address has to wait before it may try again; 0 where it may now.

        ``token_id``: of a token that there is; empty for all others together.
        """
        with self._lock:
            record = self._records.get((party_of(address), token_id))
            return 0 if record is None else max(0, record.until_ns - now_ns)

    def failed(self, address: str, now_ns: int, token_id: str = "") -> None:
        """It has tried and was wrong. The fifth time within a minute begins a pause, each time after it a longer one."""
        whose = (party_of(address), token_id)
        with self._lock:
            record = self._records.pop(whose, None)
            if record is None or now_ns - record.last_ns > FORGOTTEN_NS:
                record = _Record(now_ns)
            record.last_ns = now_ns
            record.recent_ns.append(now_ns)
            is_hasty = len(record.recent_ns) == FREE_FAILURES and now_ns - record.recent_ns[0] <= WINDOW_NS
            if record.pauses or is_hasty:
                pause_ns = min(FIRST_PAUSE_NS << min(record.pauses, 6), LONGEST_PAUSE_NS)
                record.until_ns = now_ns + pause_ns
                record.pauses += 1
            self._records[whose] = record
            if len(self._records) > MOST_ADDRESSES:
                self._records.popitem(last=False)

    def succeeded(self, address: str, token_id: str = "") -> None:
        """It has tried and was right."""
        with self._lock:
            self._records.pop((party_of(address), token_id), None)


def party_of(address: str) -> str:
    """Whom an address stands for: itself, or for IPv6 the /64 that one customer gets, with as many addresses as he likes."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        # A socket in the file system, or nonsense; bounded, because it is remembered.
        return address[:64]
    if not isinstance(parsed, IPv6Address):
        return str(IPv4Network(parsed))
    if parsed.ipv4_mapped is not None:
        return str(IPv4Network(parsed.ipv4_mapped))
    return str(IPv6Network((parsed, IPV6_PREFIX), strict=False))
