"""Servers on loopback that a camera's address may lead to by mistake, or by malice: they answer, but nothing can be seen."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Answer = Callable[[socket.socket], None]
NOISE_PER_S, NOISE_BYTES = 200, 600
# Of a video's time in RTP.
TICKS_PER_S = 90_000
FRAME_S = 1 / 25
# The kind of unit, in H.264, that one can begin with.
KEY_PICTURE = 5
DESCRIPTION = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=live\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 {video}\r\na=fmtp:96 packetization-mode=1\r\na=control:video\r\n"
)


@dataclass(frozen=True, slots=True)
class Packet:
    """Bytes, and when they are sent, counted from the first ones."""

    due_s: float
    content: bytes


@contextmanager
def server(answer: Answer) -> Iterator[int]:
    """The port of a server that lets ``answer`` speak with everybody who calls, each in a thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    calls: list[tuple[socket.socket, threading.Thread]] = []

    def speak(call: socket.socket) -> None:
        # Whoever has hung up is not spoken with.
        with call, suppress(OSError):
            answer(call)

    def listen() -> None:
        with suppress(OSError):
            while True:
                call, _ = listener.accept()
                calls.append((call, threading.Thread(target=speak, args=(call,))))
                calls[-1][1].start()

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for call, speaker in calls:
            with suppress(OSError):
                call.shutdown(socket.SHUT_RDWR)
            speaker.join()


def keeps_silent(call: socket.socket) -> None:
    """Listens, and never says a word."""
    while call.recv(4096):
        pass


def says(text: str) -> Answer:
    """Answers whatever comes with this; ``{port}`` in it is the server's own, ``{number}`` that of the request."""

    def answer(call: socket.socket) -> None:
        for request in requests(call):
            words = text.replace("{port}", str(call.getsockname()[1])).replace("{number}", number_of(request))
            call.sendall(words.replace("\n", "\r\n").encode())

    return answer


def requests(call: socket.socket) -> Iterator[str]:
    """What is asked, one request at a time, until the caller hangs up."""
    heard = b""
    while more := call.recv(4096):
        heard += more
        while b"\r\n\r\n" in heard:
            request, _, heard = heard.partition(b"\r\n\r\n")
            yield request.decode(errors="replace")


def number_of(request: str) -> str:
    """RTSP numbers its requests, and answers carry the same number."""
    return next((line.partition(":")[2].strip() for line in request.splitlines() if line.lower().startswith("cseq:")), "0")


REDIRECTS_RTSP = says("RTSP/1.0 302 Moved\nCSeq: {number}\nLocation: rtsp://127.0.0.1:{port}/live\n\n")
REDIRECTS_HTTP = says("HTTP/1.1 302 Found\nLocation: /again\nContent-Length: 0\n\n")
A_WEB_SERVER = says("HTTP/1.1 400 Bad Request\nContent-Length: 0\n\n")


def camera_that_sends(packets: Callable[[], Iterator[Packet]], video: str = "H264/90000") -> Answer:
    """Answers as an RTSP camera does, until it is told to play; then comes what is in ``packets``, each at its time."""

    def answer(call: socket.socket) -> None:
        for request in requests(call):
            method = request.partition(" ")[0]
            call.sendall(reply_to(method, number_of(request), video))
            if method == "PLAY":
                break
        began_s, pause = time.monotonic(), threading.Event()
        for packet in packets():
            pause.wait(max(0.0, began_s + packet.due_s - time.monotonic()))
            call.sendall(packet.content)

    return answer


def reply_to(method: str, number: str, video: str) -> bytes:
    """What a camera answers."""
    head = {
        "OPTIONS": "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n",
        "SETUP": "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n",
    }.get(method, "")
    body = DESCRIPTION.format(video=video) if method == "DESCRIBE" else ""
    kind = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n" if body else ""
    session = "Session: 1\r\n" if method in ("SETUP", "PLAY") else ""
    return f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{head}{session}{kind}\r\n{body}".encode()


def in_channel(content: bytes) -> bytes:
    """A packet of the channel that was agreed on."""
    return b"$\0" + struct.pack(">H", len(content)) + content


def rtp(content: bytes, number: int, ticks: int, is_last: bool = True) -> bytes:
    """A piece of a picture in RTP, which counts packets and ticks in circles."""
    head = struct.pack(">BBHII", 0x80, is_last << 7 | 96, number & 0xFFFF, ticks & 0xFFFFFFFF, 1)
    return in_channel(head + content)


def noise() -> Iterator[Packet]:
    """What is no protocol at all."""
    chance = np.random.default_rng(1)
    return (Packet(number / NOISE_PER_S, chance.bytes(NOISE_BYTES)) for number in count())


def noise_in_channel() -> Iterator[Packet]:
    """Whole packets, with anything in them."""
    return (Packet(packet.due_s, in_channel(packet.content)) for packet in noise())


def noise_in_pictures() -> Iterator[Packet]:
    """Whole packets of RTP, each said to be a key frame, with anything in them."""
    for number, packet in enumerate(noise()):
        yield Packet(packet.due_s, rtp(b"\x65" + packet.content, number, round(packet.due_s * TICKS_PER_S)))


def played(video: Path, leap_s: float = 0.0, has_key_frames: bool = True) -> Iterator[Packet]:
    """An H.264 video over and over, at its own pace; its time stamps leap by so much with every round."""
    number, begin_s, shift_s = 0, 0.0, 0.0
    while True:
        end_s = begin_s
        for due_s, shown_s, units in pictures_in(video):
            kept = [unit for unit in units if has_key_frames or unit[0] & 0x1F != KEY_PICTURE]
            ticks = round((begin_s + shown_s + shift_s) * TICKS_PER_S)
            content = b"".join(rtp(unit, number + n, ticks, n == len(kept) - 1) for n, unit in enumerate(kept))
            number += len(kept)
            end_s = max(end_s, begin_s + shown_s + FRAME_S)
            yield Packet(begin_s + due_s, content)
        begin_s = end_s
        shift_s += leap_s


def pictures_in(video: Path) -> Iterator[tuple[float, float, list[bytes]]]:
    """When each is to be sent and to be shown, and the units that it is made of."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        annex_b = av.BitStreamFilterContext("h264_mp4toannexb", stream)
        for packet in container.demux(stream):
            for part in annex_b.filter(packet) if packet.size else ():
                assert part.dts is not None
                assert part.pts is not None
                assert part.time_base is not None
                units = [unit for unit in re.split(b"\0?\0\0\1", bytes(part)) if unit]
                yield float(part.dts * part.time_base), float(part.pts * part.time_base), units


def mjpeg(picture: NDArray[np.uint8], pictures_per_s: float) -> Answer:
    """As simple webcams serve: this picture for ever, without a word about time; with no pictures per second, once."""
    jpeg = cv2.imencode(".jpg", picture)[1].tobytes()

    def answer(call: socket.socket) -> None:
        # Who hangs up without a word is told nothing.
        if not next(requests(call), ""):
            return None
        call.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n")
        pause = threading.Event()
        while True:
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            call.sendall(head.encode() + jpeg + b"\r\n")
            if not pictures_per_s:
                return keeps_silent(call)
            pause.wait(1 / pictures_per_s)

    return answer
