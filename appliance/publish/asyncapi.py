"""What we publish, for machines: an AsyncAPI 3.0 document and a JSON Schema for each payload, made from the payload types.

``docs/asyncapi.json`` is the document as it is kept; a test holds it against this.
"""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from typing import Any

import msgspec

from appliance.publish import making
from appliance.publish.mqtt_topics import Topics
from appliance.publish.payload_examples import EXAMPLES
from appliance.publish.payloads import (
    SCHEMA,
    AnnouncementPayload,
    CameraPayload,
    CountPayload,
    CrossingPayload,
    IntervalPayload,
    Payload,
    SitePayload,
)

# Of the MQTT binding of AsyncAPI.
BINDING = "0.2.0"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
PARAMETERS = {
    "prefix": ("What all topics of a site begin with; may have several levels.", "appliance/junction"),
    "camera": ("The camera's name: letters, digits, '-' and '_'.", "north"),
    "line": ("The name of the line or zone: letters, digits, '-' and '_'.", "stop-line"),
}


@dataclass(frozen=True, slots=True)
class Channel:
    """A kind of topic."""

    name: str
    payload: type[Payload]
    address: str
    retained: bool
    title: str


_topics = Topics("{prefix}")
CHANNELS = (
    Channel("site", SitePayload, _topics.site(), True, "Whether the appliance is there"),
    Channel("camera", CameraPayload, _topics.camera("{camera}"), True, "How a camera is"),
    Channel("crossing", CrossingPayload, _topics.crossing("{camera}", "{line}"), False, "Each crossing"),
    Channel("count", CountPayload, _topics.count("{camera}", "{line}"), True, "The totals of a line"),
    Channel("interval", IntervalPayload, _topics.interval("{camera}", "{line}"), False, "Each closed interval of a line"),
    Channel("announcement", AnnouncementPayload, _topics.announcement(), False, "What a consumer has to know"),
)


def text() -> str:
    """The document as it is kept."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def document() -> dict[str, object]:
    """All channels, seen from the appliance, which sends."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Counts of the appliance",
            "version": f"{SCHEMA}.0.0",
            "description": "What crossed which line, when, and in which direction, and how much of the time was seen. UTF-8 JSON"
            " with QoS 1. A crossing is written down before it is sent, and sent until the broker has acknowledged it: who"
            " subscribes to crossings with a persistent session, and ignores an event_id that he knows, has each exactly once.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": {f"send_{channel.name}": _operation(channel) for channel in CHANNELS},
        "components": {
            "messages": {channel.name: _message(channel) for channel in CHANNELS},
            "schemas": _schemas("#/components/schemas/{name}"),
        },
    }


def json_schemas() -> dict[str, dict[str, object]]:
    """A JSON Schema for each payload that needs nothing else, by the name of its channel."""
    schemas = _schemas("#/$defs/{name}")
    return {
        channel.name: {"$schema": DIALECT, **schemas[channel.payload.__name__], "$defs": _inner(schemas)} for channel in CHANNELS
    }


def _inner(schemas: dict[str, Any]) -> dict[str, Any]:
    outer = {channel.payload.__name__ for channel in CHANNELS}
    return {name: schema for name, schema in schemas.items() if name not in outer}


def _schemas(references: str) -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components([channel.payload for channel in CHANNELS], ref_template=references)
    for schema in schemas.values():
        schema["description"] = inspect.cleandoc(schema["description"])
        # We send every field, also those that have a default when they are made.
        schema["required"] = list(schema["properties"])
    return schemas


def _server() -> dict[str, object]:
    will = {
        "topic": _topics.site(),
        "qos": 1,
        "retain": True,
        "message": msgspec.json.encode(making.offline("0.1.0")).decode(),
    }
    return {
        "host": "{host}:{port}",
        "protocol": "mqtt",
        "description": "The broker that the appliance is configured for; MQTT 5 or 3.1.1.",
        "variables": {"host": {"default": "localhost"}, "port": {"default": "1883"}},
        "bindings": {"mqtt": {"cleanSession": False, "lastWill": will, "bindingVersion": BINDING}},
    }


def _channel(channel: Channel) -> dict[str, object]:
    parameters = {
        name: {"description": description, "examples": [example]}
        for name, (description, example) in PARAMETERS.items()
        if f"{{{name}}}" in channel.address
    }
    return {
        "address": channel.address,
        "title": channel.title,
        "parameters": parameters,
        "messages": {channel.name: {"$ref": f"#/components/messages/{channel.name}"}},
    }


def _operation(channel: Channel) -> dict[str, object]:
    return {
        "action": "send",
        "title": channel.title,
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "messages": [{"$ref": f"#/channels/{channel.name}/messages/{channel.name}"}],
        "bindings": {"mqtt": {"qos": 1, "retain": channel.retained, "bindingVersion": BINDING}},
    }


def _message(channel: Channel) -> dict[str, object]:
    examples = [example for example in EXAMPLES if isinstance(example.payload, channel.payload)]
    return {
        "name": channel.name,
        "title": channel.title,
        "payload": {"$ref": f"#/components/schemas/{channel.payload.__name__}"},
        "examples": [{"name": example.name, "payload": msgspec.to_builtins(example.payload)} for example in examples],
    }
