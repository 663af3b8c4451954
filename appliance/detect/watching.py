"""Where pictures and what is found in them meet: once a second a look at each live camera, whether it still shows what it did."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.boxes import Detections
from appliance.clock import wall_ns
from appliance.config import CameraSettings, DriftSettings
from appliance.detect.network import Network
from appliance.drift.book import ObjectBook, PictureBook, as_bytes, object_book, picture_book
from appliance.drift.keeping import PICTURES, Shelf
from appliance.drift.picture import look_at
from appliance.drift.watch import Watch, sample_every_ns
from appliance.ipc.command import CommandLink
from appliance.ipc.frame_ring import RingReaders
from appliance.messages.frames import FrameTicket
from appliance.process_settings import DetectProcess


@dataclass(slots=True)
class Watched:
    """A camera, by which model it was looked at last, and when it is to be looked at again."""

    watch: Watch
    digest: str
    due_ns: int = 0


class Drifts:
    """Of all live cameras of one detector."""

    def __init__(self, link: CommandLink, rings: RingReaders, settings: DriftSettings, confidence: float, shelf: Shelf) -> None:
        self._link, self._rings, self._shelf = link, rings, shelf
        self._settings, self._confidence = settings, confidence
        self._every_ns = sample_every_ns(settings)
        self._cameras: dict[str, Watched] = {}

    def begin(self, camera: CameraSettings, digest: str) -> None:
        """A camera is there, or there again, for a model with this sha256."""
        if not camera.is_live:
            self.forget(camera.name)
            return
        if camera.name not in self._cameras:
            pictures = picture_book(self._shelf.read(camera.name, PICTURES)) or PictureBook()
            watch = Watch(self._settings, self._confidence, pictures, self._objects(camera.name, digest))
            self._cameras[camera.name] = Watched(watch, digest)
        self._tell(camera.name)

    def forget(self, camera: str) -> None:
        """It is no more; what was usual for it is kept, should it come back."""
        self._cameras.pop(camera, None)

    def books(self, camera: str) -> tuple[PictureBook, ObjectBook]:
        """What is known of it."""
        watch = self._cameras[camera].watch
        return watch.pictures, watch.objects

    def learn_anew(self, camera: str) -> None:
        """What it shows from now on is how it shall be."""
        if (watched := self._cameras.get(camera)) is not None:
            watched.watch.forget()
            self._tell(camera)
            self._keep(camera, watched)

    def look(self, ticket: FrameTicket, seen: Detections, network: Network) -> None:
        """A frame has been answered by the live network; mostly its camera was looked at a moment ago."""
        watched = self._cameras.get(ticket.camera)
        if watched is None or ticket.arrived_ns < watched.due_ns:
            return
        watched.due_ns = ticket.arrived_ns + self._every_ns
        look = look_at(self._rings.grey(ticket))
        if look is None or not self._rings.holds(ticket):
            return
        sought = f"{self._confidence:g} {ticket.input_width}x{ticket.input_height} {','.join(network.kept)}"
        if (watched.digest, watched.watch.objects.sought) != (network.digest, sought):
            watched.digest = network.digest
            book = self._objects(ticket.camera, network.digest)
            watched.watch.read(book if book.sought == sought else ObjectBook(sought=sought))
        size = (ticket.source_width, ticket.source_height)
        if watched.watch.see(look, seen, size, network.names, ticket.arrived_ns):
            self._tell(ticket.camera)
            self._keep(ticket.camera, watched)

    def _objects(self, camera: str, digest: str) -> ObjectBook:
        return object_book(self._shelf.read(camera, digest)) or ObjectBook()

    def _keep(self, camera: str, watched: Watched) -> None:
        self._shelf.keep(camera, PICTURES, as_bytes(watched.watch.pictures))
        self._shelf.keep(camera, watched.digest, as_bytes(watched.watch.objects))

    def _tell(self, camera: str) -> None:
        self._link.has_drifted(camera, self._cameras[camera].watch.health(wall_ns()))


def drifts_of(link: CommandLink, rings: RingReaders, settings: DetectProcess) -> Drifts | None:
    """Those of a detector; None where nobody wants to know."""
    if settings.drift is None or settings.baselines is None:
        return None
    return Drifts(link, rings, settings.drift, settings.detector.confidence, Shelf(settings.baselines))
