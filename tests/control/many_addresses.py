"""Read by schemathesis: every request comes from another address of this computer, because an address that shows wrong tokens is
made to wait, which is right, and would make everything after it a 429.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from urllib3.util import connection

NUMBERS = count()
CREATE = connection.create_connection


def create_from_elsewhere(address: tuple[str, int], *arguments: Any, **named: Any) -> Any:
    """A connection from the next address."""
    number = next(NUMBERS)
    named["source_address"] = (f"127.{1 + number // 62_500 % 200}.{number // 250 % 250}.{1 + number % 250}", 0)
    # The time-out comes before the address that is exchanged.
    return CREATE(address, *arguments[:1], **named)


connection.create_connection = create_from_elsewhere
