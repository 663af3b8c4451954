"""A camera without a camera: an RTSP server on loopback that plays a video over and over, as a real one would send it.

usage: scripts/camera VIDEO [--port 8554] [--user NAME --password WORD] [--plays-on] [--rounds FILE]
                      [--calls FILE]

The video's own packets are sent (H.264 or H.265; nothing is encoded), at its own pace and with time that goes on from round to
round. It can be told to misbehave, by lines on its stdin: ``stall`` and ``go`` (the connection stays, the pictures stop), ``bye``
(it ends). Needs GStreamer's RTSP server: ``scripts/install --system``.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402  # versions first

NS_PER_S = 1_000_000_000
# A reader may begin where a key frame is.
LAUNCH = (
    "appsrc name=packets format=time is-live=true caps=video/x-{0},stream-format=byte-stream,alignment=au"
    " ! {0}parse config-interval=-1 ! rtp{0}pay name=pay0 pt=96"
)
GSTREAMER_NAMES = {"h264": "h264", "hevc": "h265"}
BITSTREAM_FILTERS = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}


class Mood:
    """What the camera has been told; shared by the thread that listens and the one that sends."""

    def __init__(self) -> None:
        self.sends = threading.Event()
        self.sends.set()


class Player:
    """Feeds the packets of a video to a server's media, as long as anybody watches."""

    def __init__(self, video: Path, mood: Mood, *, plays_on: bool = False, rounds: Path | None = None) -> None:
        """``plays_on``: also while nobody watches, as what is before a lens goes on; ``rounds``: where the wall clock of the
        beginning of every round that is sent is written.
        """
        self._video, self._mood, self._rounds = video, mood, rounds
        self._began_ns = time.monotonic_ns() if plays_on else 0
        with av.open(str(video)) as container:
            self.codec = container.streams.video[0].codec_context.name
        if self.codec not in GSTREAMER_NAMES:
            sys.exit(f"camera: H.264 or H.265 is wanted, {video} holds {self.codec}")

    def configure(self, factory: GstRtspServer.RTSPMediaFactory, media: GstRtspServer.RTSPMedia) -> None:
        """Called by the server for every new media."""
        del factory
        source = media.get_element().get_by_name_recurse_up("packets")
        gone = threading.Event()
        media.connect("unprepared", lambda _: gone.set())
        threading.Thread(target=self._feed, args=(source, gone), daemon=True).start()

    def _feed(self, source: Gst.Element, gone: threading.Event) -> None:
        began_ns = self._began_ns or time.monotonic_ns()
        late_ns = time.monotonic_ns() - began_ns if self._began_ns else 0
        shift_ns, round_ns = None, -1
        for begin_ns, due_ns, pts_ns, is_key, content in self._packets():
            if late_ns > 0 and not (is_key and due_ns >= late_ns):
                # What was to be sent before anybody watched; who begins, begins with a key frame.
                continue
            late_ns = 0
            if begin_ns != round_ns and self._rounds is not None:
                round_ns = begin_ns
                with self._rounds.open("a", encoding="ascii") as out:
                    out.write(f"{time.time_ns() - time.monotonic_ns() + began_ns + begin_ns}\n")
            self._mood.sends.wait()
            while not gone.is_set() and (early_ns := began_ns + due_ns - time.monotonic_ns()) > 0:
                gone.wait(early_ns / NS_PER_S)
            if gone.is_set():
                return
            buffer = Gst.Buffer.new_wrapped(content)
            if shift_ns is None:
                # So that what RTCP says of the sender's clock is true.
                shift_ns = running_ns(source) - due_ns
            buffer.pts = pts_ns + shift_ns
            if source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
                return

    def _packets(self) -> Iterator[tuple[int, int, int, bool, bytes]]:
        """Of every packet, round after round: when its round begins, when it is to be sent, when it is to be shown, whether
        a reader may begin with it, and what it is.
        """
        begin_ns = 0
        while True:
            end_ns = begin_ns
            with av.open(str(self._video)) as container:
                stream = container.streams.video[0]
                frame_ns = round(NS_PER_S / (stream.average_rate or Fraction(25)))
                annex_b = av.BitStreamFilterContext(BITSTREAM_FILTERS[self.codec], stream)
                for packet in container.demux(stream):
                    for part in annex_b.filter(packet) if packet.size else ():
                        if part.dts is None or part.pts is None or part.time_base is None:
                            continue
                        due_ns, pts_ns = (begin_ns + int(ticks * part.time_base * NS_PER_S) for ticks in (part.dts, part.pts))
                        end_ns = max(end_ns, pts_ns + frame_ns)
                        yield begin_ns, due_ns, pts_ns, part.is_keyframe, bytes(part)
            begin_ns = end_ns


def main() -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(description="an RTSP camera that plays a video")
    parser.add_argument("video", type=Path)
    parser.add_argument("--port", type=int, default=8554, help="0: any that is free")
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--plays-on", action="store_true", help="also while nobody watches")
    parser.add_argument("--rounds", type=Path, help="where to write when each round began: wall clock, nanoseconds")
    parser.add_argument("--calls", type=Path, help="where to write a line for everybody who connects")
    wanted = parser.parse_args()
    Gst.init(None)
    mood = Mood()
    player = Player(wanted.video, mood, plays_on=wanted.plays_on, rounds=wanted.rounds)
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(str(wanted.port))
    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch(LAUNCH.format(GSTREAMER_NAMES[player.codec]))
    factory.set_shared(True)
    factory.connect("media-configure", player.configure)
    if wanted.user:
        protect(server, factory, wanted.user, wanted.password)
    if wanted.calls:
        server.connect("client-connected", note_call, wanted.calls)
    server.get_mount_points().add_factory("/live", factory)
    if server.attach(None) == 0:
        sys.exit(f"camera: port {wanted.port} cannot be had")
    print(f"rtsp://127.0.0.1:{server.get_bound_port()}/live", flush=True)  # noqa: T201  # for people
    loop = GLib.MainLoop()
    threading.Thread(target=listen, args=(mood, loop), daemon=True).start()
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, loop.quit)
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGINT, loop.quit)
    loop.run()


def running_ns(source: Gst.Element) -> int:
    """How long it plays; 0 before it does.

    For a moment it has a clock and not yet the time at which it began: how long the computer runs would be taken for an answer,
    and the first picture be due in days.
    """
    if source.get_base_time() in (0, Gst.CLOCK_TIME_NONE):
        return 0
    running = source.get_current_running_time()
    return 0 if running == Gst.CLOCK_TIME_NONE else int(running)


def protect(server: GstRtspServer.RTSPServer, factory: GstRtspServer.RTSPMediaFactory, user: str, password: str) -> None:
    """Let in only who knows the password."""
    auth = GstRtspServer.RTSPAuth.new()
    token = GstRtspServer.RTSPToken.new()
    token.set_string("media.factory.role", "watcher")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    allowed = "watcher, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
    factory.add_role_from_structure(Gst.Structure.from_string(allowed)[0])


def note_call(server: GstRtspServer.RTSPServer, client: GstRtspServer.RTSPClient, calls: Path) -> None:
    """Somebody has connected."""
    del server
    with calls.open("a", encoding="ascii") as out:
        out.write(f"{client.get_connection().get_ip()}\n")


def listen(mood: Mood, loop: GLib.MainLoop) -> None:
    """Do what stdin says."""
    for line in sys.stdin:
        word = line.strip()
        if word == "stall":
            mood.sends.clear()
        elif word == "go":
            mood.sends.set()
        elif word == "bye":
            loop.quit()


if __name__ == "__main__":
    main()
