"""The AsyncAPI document: up to date, whole in itself, and its examples are what its schemas say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from appliance.publish import asyncapi
from appliance.publish.asyncapi import CHANNELS, Channel, document, json_schemas, text
from appliance.publish.mqtt_topics import Topics
from appliance.publish.payload_examples import EXAMPLES
from appliance.publish.payloads import Payload, encoded
from tests.shared_data import REPOSITORY

# The fields of AsyncAPI 3.0 that this document may use, required ones first:
# https://www.asyncapi.com/docs/reference/specification/v3.0.0
DOCUMENT = (("asyncapi", "info"), ("id", "servers", "defaultContentType", "channels", "operations", "components"))
INFO = (("title", "version"), ("description", "termsOfService", "contact", "license", "tags", "externalDocs"))
SERVER = (("host", "protocol"), ("protocolVersion", "pathname", "description", "title", "summary", "variables", "bindings"))
CHANNEL = ((), ("address", "messages", "title", "summary", "description", "servers", "parameters", "tags", "bindings"))
PARAMETER = ((), ("enum", "default", "description", "examples", "location"))
OPERATION = (("action", "channel"), ("title", "summary", "description", "security", "tags", "bindings", "messages"))
MESSAGE = ((), ("headers", "payload", "contentType", "name", "title", "summary", "description", "bindings", "examples"))
EXAMPLE = ((), ("headers", "payload", "name", "summary"))
WILL = (("topic", "qos", "message", "retain"), ())


@pytest.fixture(scope="module")
def whole() -> Any:
    """As who reads the file has it."""
    return json.loads(text())


def refuse_strangers(part: Any, fields: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
    required, others = fields
    assert set(required) <= set(part) <= {*required, *others}


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from references(inner)


def resolved(whole: Any, reference: str) -> Any:
    assert reference.startswith("#/")
    for step in reference.removeprefix("#/").split("/"):
        whole = whole[step]
    return whole


def refusals(schema: dict[str, Any], payload: object) -> list[str]:
    """What is wrong with a payload, for a schema that needs nothing else."""
    checker = jsonschema.Draft202012Validator(schema)
    return [error.message for error in checker.iter_errors(payload)]


def test_the_document_in_the_repository_is_that_of_the_payloads() -> None:
    path = REPOSITORY / "docs" / "asyncapi.json"
    assert path.read_text(encoding="utf-8") == text(), "write it anew: appliance mqtt asyncapi"


def test_every_field_is_of_asyncapi_3(whole: Any) -> None:
    assert whole["asyncapi"] == "3.0.0"
    refuse_strangers(whole, DOCUMENT)
    refuse_strangers(whole["info"], INFO)
    for server in whole["servers"].values():
        refuse_strangers(server, SERVER)
        assert set(re.findall(r"{(\w+)}", server["host"])) == set(server["variables"])
    for channel in whole["channels"].values():
        refuse_strangers(channel, CHANNEL)
        for parameter in channel["parameters"].values():
            refuse_strangers(parameter, PARAMETER)
    for operation in whole["operations"].values():
        refuse_strangers(operation, OPERATION)
        assert operation["action"] == "send"
    for message in whole["components"]["messages"].values():
        refuse_strangers(message, MESSAGE)
        for example in message["examples"]:
            refuse_strangers(example, EXAMPLE)


def test_every_reference_leads_somewhere(whole: Any) -> None:
    found = set(references(whole))
    assert len(found) > 2 * len(CHANNELS)
    for reference in found:
        assert isinstance(resolved(whole, reference), dict), reference


def test_operations_send_the_messages_of_their_own_channel(whole: Any) -> None:
    for name, channel in whole["channels"].items():
        operation = whole["operations"][f"send_{name}"]
        assert operation["channel"] == {"$ref": f"#/channels/{name}"}
        assert [reference["$ref"] for reference in operation["messages"]] == [
            f"#/channels/{name}/messages/{message}" for message in channel["messages"]
        ]


def test_parameters_are_those_of_the_address(whole: Any) -> None:
    topics = Topics("{prefix}")
    expected = {
        "site": topics.site(),
        "camera": topics.camera("{camera}"),
        "crossing": topics.crossing("{camera}", "{line}"),
        "count": topics.count("{camera}", "{line}"),
        "interval": topics.interval("{camera}", "{line}"),
        "announcement": topics.announcement(),
    }
    assert {name: channel["address"] for name, channel in whole["channels"].items()} == expected
    for channel in whole["channels"].values():
        assert set(re.findall(r"{(\w+)}", channel["address"])) == set(channel["parameters"])


def test_every_message_is_of_quality_1_and_states_are_retained(whole: Any) -> None:
    bindings = {name: operation["bindings"]["mqtt"] for name, operation in whole["operations"].items()}
    assert {name for name, binding in bindings.items() if binding["retain"]} == {"send_site", "send_camera", "send_count"}
    assert all(binding["qos"] == 1 and binding["bindingVersion"] == "0.2.0" for binding in bindings.values())


def test_the_last_will_is_a_message_of_its_topic(whole: Any) -> None:
    will = whole["servers"]["broker"]["bindings"]["mqtt"]["lastWill"]
    refuse_strangers(will, WILL)
    assert will["topic"] == whole["channels"]["site"]["address"]
    assert not refusals(json_schemas()["site"], json.loads(will["message"]))


def test_every_payload_and_every_field_is_described(whole: Any) -> None:
    for name, schema in whole["components"]["schemas"].items():
        assert schema["description"], name
        assert not re.search(r"\n ", schema["description"]), "indented as in the source"
        assert schema["required"] == list(schema["properties"]), "we always send all of it"
        for field, what in schema["properties"].items():
            assert "description" in what or "$ref" in what or what.get("format") == "date-time", f"{name}.{field}"


def test_schemas_of_payloads_are_json_schemas() -> None:
    assert set(json_schemas()) == {channel.name for channel in CHANNELS}
    for schema in json_schemas().values():
        jsonschema.Draft202012Validator.check_schema(schema)
        for reference in references(schema):
            assert isinstance(resolved(schema, reference), dict), reference


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_examples_are_what_the_schemas_say(whole: Any, channel: Channel) -> None:
    examples = whole["components"]["messages"][channel.name]["examples"]
    sent = [json.loads(encoded(example.payload)) for example in EXAMPLES if isinstance(example.payload, channel.payload)]
    assert [example["payload"] for example in examples] == sent != []
    schema = json_schemas()[channel.name]
    inner = {"$ref": f"#/components/schemas/{channel.payload.__name__}", "components": whole["components"]}
    for payload in sent:
        assert refusals(schema, payload) == refusals(inner, payload) == []
        for field in payload:
            lacking = {name: value for name, value in payload.items() if name != field}
            assert refusals(schema, lacking), f"without {field}"
        assert not refusals(schema, {**payload, "added_later": 1}), "fields may be added"
        assert refusals(schema, {**payload, "schema": 2})


def test_every_kind_of_payload_has_a_channel_and_an_example() -> None:
    kinds = {channel.payload for channel in CHANNELS}
    assert kinds == set(Payload.__subclasses__()) == {type(example.payload) for example in EXAMPLES}


def test_the_document_is_the_same_every_time() -> None:
    assert document() == document()
    assert text().endswith("}\n")
    assert asyncapi.DIALECT in json.dumps(json_schemas())
