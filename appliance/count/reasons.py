"""Why a camera was not seen, from what the supervisor tells of it; pure."""

from __future__ import annotations

from appliance.messages.health import Health

NO_PICTURES = "no pictures came"
# Health is told once a second, so what it tells may have been so a little earlier.
TOLD_AFTER_NS = 2_000_000_000


class Reasons:
    """Remembers the newest reason of every camera that was not well."""

    def __init__(self) -> None:
        self._newest: dict[str, tuple[int, str]] = {}

    def hear(self, health: Health) -> None:
        """Take in how everything is."""
        for camera in health.cameras:
            if camera.condition.state not in ("ok", "starting") and camera.condition.reason:
                self._newest[camera.name] = (health.time_ns, camera.condition.reason)

    def why(self, camera: str, since_ns: int, otherwise: str = NO_PICTURES) -> str:
        """The newest reason since a time, wall clock, or ``otherwise``."""
        heard_ns, reason = self._newest.get(camera, (0, ""))
        return reason if heard_ns + TOLD_AFTER_NS >= since_ns and reason else otherwise

    def forget(self, camera: str) -> None:
        """It is no more."""
        self._newest.pop(camera, None)
