"""One connection to a broker, without threads: who uses it waits on its socket and gives it its turn."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from appliance.config import MqttSettings
from appliance.errors import Refusal
from appliance.login import login_of

CONNECT_S = 5.0
# Of a session, should the broker keep one.
SESSION_S = 3600
PORTS = {"mqtt": 1883, "mqtts": 8883}
MOST_UNDER_WAY = 200


class NoBroker(Exception):
    """There is no connection; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker tells when this machine is gone."""

    topic: str
    content: bytes


class Client:
    """From its opening to its end; after that another one is made."""

    def __init__(self, settings: MqttSettings, client_id: str, will: Will | None = None) -> None:
        self._settings = settings
        self.address = address_of(settings)
        # What is embedded knows no newer one.
        self._is_5 = settings.version == "5" and settings.broker != "embedded"
        self.is_connected = False
        self.broken = ""
        """Why there is no connection any more; a sentence."""
        self.most_under_way = MOST_UNDER_WAY
        self._acknowledged: list[int] = []
        self._refused: list[tuple[int, str]] = []
        self._paho = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            clean_session=None if self._is_5 else False,
            protocol=paho.MQTTv5 if self._is_5 else paho.MQTTv311,
        )
        self._paho.connect_timeout = CONNECT_S
        self._paho.max_inflight_messages_set(MOST_UNDER_WAY)
        self._paho.on_connect = self._on_connect
        self._paho.on_disconnect = self._on_disconnect
        self._paho.on_publish = self._on_publish
        if will is not None:
            self._paho.will_set(will.topic, will.content, qos=1, retain=True)
        self._set_credentials()

    def _set_credentials(self) -> None:
        settings = self._settings
        user, _, password = login_of(settings.login).partition(":")
        if user:
            self._paho.username_pw_set(user, password)
        if self.address.startswith("mqtts"):
            try:
                context = ssl.create_default_context(cafile=settings.ca_file)
                if settings.certificate_file is not None:
                    context.load_cert_chain(settings.certificate_file, settings.key_file)
            except (OSError, ssl.SSLError) as error:
                raise Refusal(f"certificates are wanted that can be used, found {error}", usage=True) from None
            self._paho.tls_set_context(context)

    def open(self) -> None:
        """Connect, which may take some seconds; whether the broker lets us in is known a few turns later."""
        parts = urlsplit(self.address)
        try:
            properties = None
            if self._is_5:
                properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
                properties.SessionExpiryInterval = SESSION_S
            host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
            more: dict[str, Any] = {"clean_start": False, "properties": properties} if self._is_5 else {}
            self._paho.connect(host, port, self._settings.keep_alive_s, **more)
        except ssl.SSLError as error:
            raise NoBroker(f"{self.address}: no safe connection comes about: {error.reason or error}") from None
        except (OSError, ValueError) as error:
            raise NoBroker(f"{self.address}: {in_words(error)}") from None
        # A message is told at once, not together with the next one.
        connection = self._paho.socket()
        if isinstance(connection, socket.socket):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def sockets(self) -> Sequence[Any]:
        """To wait on; none where there is no connection."""
        connection = self._paho.socket()
        return () if connection is None else (connection,)

    @property
    def wants_to_write(self) -> bool:
        """Whether something waits until the socket takes more."""
        return self._paho.want_write()

    @property
    def has_unread(self) -> bool:
        """Whether something has come that the socket no longer tells of: TLS reads ahead."""
        connection = self._paho.socket()
        return isinstance(connection, ssl.SSLSocket) and connection.pending() > 0

    def turn(self) -> None:
        """Read and write what can be read and written now, without waiting."""
        steps: tuple[Callable[[], MQTTErrorCode], ...] = (
            # As many packets as there may be acknowledgements.
            self._paho.loop_read,
            self._paho.loop_write,
            self._paho.loop_misc,
        )
        for step in steps:
            code = step()
            if code not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_AGAIN):
                self._break(f"{self.address}: the connection is lost: {paho.error_string(code)}")
                return

    def publish(self, topic: str, content: bytes, *, retain: bool = False) -> int:
        """Send with QoS 1; the number that its acknowledgement will have."""
        return self._paho.publish(topic, content, qos=1, retain=retain).mid

    def take_acknowledged(self) -> list[int]:
        """The numbers that have come back since this was last taken."""
        acknowledged, self._acknowledged = self._acknowledged, []
        return acknowledged

    def take_refused(self) -> list[tuple[int, str]]:
        """The numbers of messages that the broker does not take, and why, since this was last taken."""
        refused, self._refused = self._refused, []
        return refused

    def close(self) -> None:
        """Say good-bye, where there is anybody; the broker then tells no last will."""
        self._paho.on_disconnect = None
        self._paho.disconnect()
        if (connection := self._paho.socket()) is not None:
            connection.close()

    def cut(self) -> None:
        """End without a word."""
        self._paho.on_disconnect = None
        if (connection := self._paho.socket()) is not None:
            connection.close()

    def _break(self, sentence: str) -> None:
        self.is_connected, self.broken = False, self.broken or sentence

    def _on_connect(self, client: paho.Client, data: Any, flags: Any, reason: ReasonCode, properties: Any) -> None:
        del client, data, flags
        if reason.is_failure:
            self._break(f"{self.address}: the broker refuses the connection: {reason}")
            return
        self.is_connected = True
        # A broker that gets more at once than it says hangs up.
        allowed = getattr(properties, "ReceiveMaximum", None)
        self.most_under_way = min(MOST_UNDER_WAY, allowed or MOST_UNDER_WAY)

    def _on_disconnect(self, client: paho.Client, data: Any, flags: Any, reason: ReasonCode, properties: Any) -> None:
        del client, data, flags, properties
        # The library's own word for whatever it was not told.
        why = "the broker has hung up" if str(reason) == "Unspecified error" else f"the connection is lost: {reason}"
        self._break(f"{self.address}: {why}")

    def _on_publish(self, client: paho.Client, data: Any, message_id: int, reason: ReasonCode, properties: Any) -> None:
        del client, data, properties
        if reason.is_failure:
            self._refused.append((message_id, str(reason)))
        else:
            self._acknowledged.append(message_id)


def address_of(settings: MqttSettings) -> str:
    """Where the broker is, also where it is our own."""
    if settings.broker != "embedded":
        return settings.broker
    host = f"[{settings.bind}]" if ":" in settings.bind else settings.bind
    return f"mqtt://{host}:{settings.port}"


def in_words(error: OSError | ValueError) -> str:
    """Why no connection comes about."""
    if isinstance(error, socket.gaierror):
        return "the host is not known"
    if isinstance(error, ConnectionRefusedError):
        return "the connection is refused"
    if isinstance(error, TimeoutError):
        return f"nobody answers within {CONNECT_S:g} s"
    return str(error.strerror if isinstance(error, OSError) and error.strerror else error)
