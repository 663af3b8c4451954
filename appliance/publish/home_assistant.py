"""Home Assistant finds us by itself: one retained message for the site, with a sensor for all that it counts.

The format is device-based discovery (Home Assistant 2024.11 and later), https://www.home-assistant.io/integrations/mqtt/. Names
of components and ``unique_id`` depend on names alone, so that they outlive a restart; whatever is left out of a later message is
removed by a message in between, in which it has nothing but its platform.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints
from urllib.parse import quote

import msgspec

import appliance
from appliance.publish.mqtt_topics import Topics, checked_prefix
from appliance.publish.payloads import TOTAL, CameraPayload

DEFAULT_PREFIX = "homeassistant"
PLATFORM = {"platform": "sensor"}
STATES = list(get_args(get_type_hints(CameraPayload)["state"]))

Component = dict[str, object]
Components = dict[str, Component]


@dataclass(frozen=True, slots=True)
class DiscoveredLine:
    """A line or zone: the names of its directions, and the classes that have sensors of their own beside the total."""

    camera: str
    line: str
    directions: tuple[str, str]
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DiscoveredCamera:
    """A camera and all that is counted in its pictures."""

    name: str
    lines: tuple[DiscoveredLine, ...] = ()


def discovery(site: str, cameras: Iterable[DiscoveredCamera], topics: Topics, prefix: str = DEFAULT_PREFIX) -> tuple[str, bytes]:
    """The topic and the message, to be retained; an empty message there removes the site from Home Assistant.

    ``prefix`` is that of Home Assistant's own topics.
    """
    components: Components = {}
    for camera in cameras:
        components |= _camera_components(site, camera.name, topics)
        for line in camera.lines:
            components |= _line_components(site, line, topics)
    message = {
        "device": {
            "identifiers": [_identifier(site)],
            "name": site,
            "manufacturer": "appliance",
            "model": "counter of crossings",
            "sw_version": appliance.__version__,
        },
        "origin": {"name": "appliance", "sw_version": appliance.__version__},
        "availability": [
            {
                "topic": topics.site(),
                "value_template": "{{ value_json['state'] }}",
                "payload_available": "online",
                "payload_not_available": "offline",
            }
        ],
        "qos": 1,
        "components": components,
    }
    # Home Assistant takes letters, digits, '-' and '_' of ASCII there.
    object_id = _identifier(site).replace(".", "-").replace("%", "_")
    return f"{checked_prefix(prefix)}/device/{object_id}/config", msgspec.json.encode(message)


def steps(former: bytes, wanted: bytes) -> tuple[bytes, ...]:
    """The messages that lead from the one that is retained now, empty if there is none, to the one that shall be.

    What vanishes is first told to be nothing but its platform, and then no more; an empty message takes all away at once.
    """
    if former == wanted:
        return ()
    if not wanted:
        return (wanted,)
    new = json.loads(wanted)
    vanished = [name for name in _component_names(former) if name not in new["components"]]
    if not vanished:
        return (wanted,)
    new["components"] |= dict.fromkeys(vanished, PLATFORM)
    return msgspec.json.encode(new), wanted


def _component_names(message: bytes) -> tuple[str, ...]:
    """Of a message that may be anybody's, since a broker had it."""
    try:
        return tuple(msgspec.json.decode(message, type=_Former).components)
    except msgspec.DecodeError:
        return ()


class _Former(msgspec.Struct):
    components: dict[str, Any]


def _identifier(*names: str) -> str:
    """The same for the same names, and another for others: no name holds a dot but the last, which is a class."""
    return ".".join(quote(name, safe="") for name in ("appliance", *names))


def _camera_components(site: str, camera: str, topics: Topics) -> Components:
    common = {**PLATFORM, "entity_category": "diagnostic", "state_topic": topics.camera(camera)}
    state, rate = _identifier(site, camera, "state"), _identifier(site, camera, "frame_rate")
    return {
        state: {
            **common,
            "name": f"{camera} state",
            "unique_id": state,
            "device_class": "enum",
            "options": STATES,
            "value_template": "{{ value_json['state'] }}",
            "json_attributes_topic": topics.camera(camera),
            "json_attributes_template": "{{ {'reason': value_json['reason'], 'since': value_json['since']} | tojson }}",
        },
        rate: {
            **common,
            "name": f"{camera} frame rate",
            "unique_id": rate,
            "state_class": "measurement",
            "unit_of_measurement": "fps",
            "suggested_display_precision": 1,
            # Of null it makes "None", which is how Home Assistant is told that a value is not known.
            "value_template": "{{ value_json['frames_per_second'] }}",
        },
    }


def _line_components(site: str, line: DiscoveredLine, topics: Topics) -> Components:
    components: Components = {}
    for direction in line.directions:
        for class_name in ("", *line.classes):
            names = (site, line.camera, line.line, direction, *((class_name,) if class_name else ()))
            identifier = _identifier(*names)
            components[identifier] = {
                **PLATFORM,
                "name": " ".join(names[1:]),
                "unique_id": identifier,
                "state_topic": topics.count(line.camera, line.line),
                "state_class": "total_increasing",
                "value_template": _number_template(direction, class_name),
            }
    return components


def _number_template(direction: str, class_name: str) -> str:
    """Renders the number from the JSON of a line's totals.

    A class that has not crossed yet is 0. A direction that is not there is an error, and keeps the sensor as it was: it is not 0.
    """
    number = f".get({_quoted(class_name)}, 0)" if class_name else f".get({_quoted(TOTAL)})"
    return f"{{{{ value_json['counts'].get({_quoted(direction)}){number} }}}}"


def _quoted(name: str) -> str:
    """As a string of a template; JSON's escapes are Jinja's, too, but for those of letters beyond its alphabet."""
    return json.dumps(name, ensure_ascii=False)
