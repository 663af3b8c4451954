"""A token as people and programs carry it, and how it is hashed.

::

    apl_ 0123456789ab wGZ3…43 letters of base64url… 89abcdef
    kind id           secret, 32 random bytes       CRC-32 of all before it

The id is no secret: it finds the row. A CRC-32 sees every burst of up to 32 wrong bits, so a single wrong letter, or two that
changed places, is told for certain and without a look at what is stored.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass, field

KIND = "apl_"
ID_BYTES = 6
SECRET_BYTES = 32
SALT_BYTES = 16
FORM = re.compile(r"(apl_([0-9a-f]{12})[A-Za-z0-9_-]{43})([0-9a-f]{8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one scrypt: ``n`` rounds through as many blocks of 128 * ``block`` bytes, ``lanes`` times.

    OWASP's Password Storage Cheat Sheet wants at least n=2^17, block 8, 1 lane, or 2^13, 8, 10, for words that people choose.
    Our secrets are 256 random bits, which nobody guesses at any speed. So what a check may cost decides: 2 of the 10 lanes,
    35 ms and 8 MiB on a core of a server, which leaves the memory to the cameras.
    """

    n: int = 2**13
    block: int = 8
    lanes: int = 2


COST = Cost()


@dataclass(frozen=True, slots=True)
class TokenHash:
    """What is stored of a token; the cost beside it, so that tokens of another cost stay good when ours changes."""

    salt: bytes
    digest: bytes = field(repr=False)
    cost: Cost

    def fits(self, text: str) -> bool:
        """Whether this is the token; takes as long as it costs, and as long for a wrong one."""
        return hmac.compare_digest(_scrypt(text, self.salt, self.cost), self.digest)


def make_text() -> str:
    """A token that nobody has seen."""
    return with_checksum(KIND + secrets.token_hex(ID_BYTES) + secrets.token_urlsafe(SECRET_BYTES))


def with_checksum(body: str) -> str:
    """The body of a token, made whole."""
    return body + _checksum(body)


def id_in(text: str) -> str | None:
    """The id of a token; None where it was mistyped, or is something else."""
    form = FORM.fullmatch(text)
    if form is None or not hmac.compare_digest(_checksum(form[1]), form[3]):
        return None
    return form[2]


def hash_of(text: str, cost: Cost = COST) -> TokenHash:
    """What is to be stored of a token."""
    salt = secrets.token_bytes(SALT_BYTES)
    return TokenHash(salt, _scrypt(text, salt, cost), cost)


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"


def _scrypt(text: str, salt: bytes, cost: Cost) -> bytes:
    # OpenSSL counts a few blocks more than n; twice as much is always enough.
    most_bytes = 256 * cost.n * cost.block * cost.lanes
    return hashlib.scrypt(text.encode(), salt=salt, n=cost.n, r=cost.block, p=cost.lanes, dklen=32, maxmem=most_bytes)
