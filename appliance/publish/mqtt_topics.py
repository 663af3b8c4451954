"""Where the messages go: the topics of one site, all below one prefix."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.errors import Refusal

# Of a prefix. MQTT allows 65535 bytes for a whole topic; what comes below is three names of at most 64 letters each.
MOST_BYTES = 1024


def checked_prefix(prefix: str) -> str:
    """The prefix as it is; raises ``Refusal`` where no broker would take a topic below it, or a subscriber misread it."""
    what = "the prefix of MQTT topics"
    if not prefix or "" in prefix.split("/"):
        raise Refusal(f"{what} needs names between its slashes, found '{prefix}'", usage=True)
    if prefix.startswith("$"):
        raise Refusal(f"{what} must not begin with '$', which is the broker's own, found '{prefix}'", usage=True)
    if any(letter in "+#" or not letter.isprintable() for letter in prefix):
        raise Refusal(f"{what} must have no '+', no '#' and nothing unprintable, found {prefix!r}", usage=True)
    if len(prefix.encode()) > MOST_BYTES:
        raise Refusal(f"{what} must have at most {MOST_BYTES} bytes, found {len(prefix.encode())}", usage=True)
    return prefix


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics below a prefix. Names of cameras and lines are what the configuration allows, or ``+`` to subscribe."""

    prefix: str

    def __post_init__(self) -> None:
        checked_prefix(self.prefix)

    @classmethod
    def of_site(cls, site: str) -> Topics:
        """Below the prefix that a site has where none is configured."""
        return cls(f"appliance/{site}")

    def site(self) -> str:
        """Of ``SitePayload``."""
        return f"{self.prefix}/status"

    def announcement(self) -> str:
        """Of ``AnnouncementPayload``."""
        return f"{self.prefix}/announcement"

    def camera(self, camera: str) -> str:
        """Of ``CameraPayload``."""
        return f"{self.prefix}/{camera}/status"

    def crossing(self, camera: str, line: str) -> str:
        """Of ``CrossingPayload``."""
        return f"{self.prefix}/{camera}/{line}/crossing"

    def count(self, camera: str, line: str) -> str:
        """Of ``CountPayload``."""
        return f"{self.prefix}/{camera}/{line}/count"

    def interval(self, camera: str, line: str) -> str:
        """Of ``IntervalPayload``."""
        return f"{self.prefix}/{camera}/{line}/interval"
