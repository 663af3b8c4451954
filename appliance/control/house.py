"""What the control process knows of the machine at this moment."""

from __future__ import annotations

from pathlib import Path

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.config import CameraSettings
from appliance.control.live.feed import Feed
from appliance.control.live.gallery import Gallery
from appliance.control.live.today import Today
from appliance.control.looking import Looks
from appliance.messages.health import Health
from appliance.messages.orders import Describe
from appliance.process_settings import ControlProcess
from appliance.publish.days import zone_of

# Health is told once a second; who is silent for longer does not run.
SILENCE_NS = 5 * NS_PER_S


class House:
    """One machine, as its control process sees it; read by all requests, written by the process's loop alone."""

    def __init__(self, settings: ControlProcess, folder: Path) -> None:
        """``folder`` is that of the machine's sockets."""
        self.site, self.run, self.ledger, self.site_file = settings.site, settings.run, settings.ledger, settings.site_file
        self.counter, self.confidence = settings.counter, settings.confidence
        self.folder = folder
        self.zone = zone_of(settings.time_zone)
        """None: that of the computer."""
        self.health: Health | None = None
        self.heard_ns = 0
        self.cameras: dict[str, CameraSettings] = {}
        """As they are in force."""
        self.is_described = False
        """Whether anybody has said yet which there are."""
        self.today = Today(settings.ledger, self.zone)
        self.feed = Feed(settings.ledger)
        self.gallery = Gallery(folder, self.cameras.get, self.today.scores)
        self.listeners = 0
        """How many hear the feed."""
        self.looks = Looks()
        """Cameras that are looked through before they are added."""

    def hear(self, health: Health) -> None:
        """How everything is now."""
        has_changed = self.health is None or conditions(self.health) != conditions(health)
        self.health, self.heard_ns = health, monotonic_ns()
        if has_changed:
            self.feed.wake()

    def hear_commit(self) -> None:
        """There is something new in the ledger."""
        self.today.hear()
        self.feed.wake()

    def describe(self, order: Describe) -> None:
        """What the cameras are now."""
        cameras = [CameraSettings.model_validate_json(text) for text in order.cameras]
        self.is_described = True
        self.cameras.clear()
        self.cameras.update({camera.name: camera for camera in cameras})
        self.gallery.forget_rings()

    @property
    def in_force(self) -> frozenset[str] | None:
        """The cameras that there are; None where that is not known yet."""
        return frozenset(self.cameras) if self.is_described else None

    @property
    def is_heard(self) -> bool:
        """Whether the machine is alive."""
        return self.health is not None and monotonic_ns() - self.heard_ns < SILENCE_NS


def conditions(health: Health) -> list[object]:
    """What of its health is news."""
    cameras: list[object] = [(camera.name, camera.condition, camera.drift and camera.drift.state) for camera in health.cameras]
    return [*cameras, *((process.name, process.condition) for process in health.processes)]
