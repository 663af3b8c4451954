"""The OpenAPI document: what FastAPI makes of the routes, and what it cannot know."""

from __future__ import annotations

from threading import Lock
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute

from appliance.control.door import Door
from appliance.control.origin import is_here
from appliance.control.problems import Problem, documented

PATH = "/api/v1/openapi.json"
TOKEN, SESSION = "token", "session"
SCHEMES = {
    TOKEN: {"type": "http", "scheme": "bearer", "description": "A token, as `appliance token create` shows it."},
    SESSION: {
        "type": "apiKey",
        "in": "cookie",
        "name": "appliance-PORT",
        "description": "For pages: what POST /api/v1/session sets, `__Host-appliance-PORT` under TLS."
        " Changes need X-CSRF-Token, too.",
    },
}
# They say 401 without having asked who is there.
OPEN = ("log_in",)
FOR_SESSIONS = ("who_is_logged_in",)
A_SITE = {"type": "object", "required": ["cameras", "detector"], "description": "See /config/schema."}
METHODS = ("get", "put", "post", "delete")
JSON = "application/json"


def name_of(route: APIRoute) -> str:
    """What an operation is called: as its function is."""
    return route.name


def serve_document(app: FastAPI) -> None:
    """Have the app tell its document, with what is said of problems and of who may ask."""
    making, made = Lock(), list[bytes]()

    # Not as FastAPI serves it: making it takes a second, which the loop has not got.
    @app.get(PATH, include_in_schema=False)
    def read_document(request: Request) -> Response:
        if not is_here(request):
            door: Door = request.app.state.door
            door.caller_of(request)
        with making:
            if not made:
                document = app.openapi()
                _add_schemas(document)
                for path in document["paths"].values():
                    for method in METHODS:
                        if method in path:
                            _complete(path[method])
                made.append(msgspec.json.encode(document))
        return Response(made[0], media_type=JSON)


def _add_schemas(document: dict[str, Any]) -> None:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas |= schema.pop("$defs", {})
    schemas["Problem"] = schema
    components["securitySchemes"] = SCHEMES


def _complete(operation: dict[str, Any]) -> None:
    """Who needs a token is who may hear that it is wrong."""
    name = operation["operationId"]
    if "401" in operation["responses"] and name not in OPEN:
        operation["security"] = [{SESSION: []}] if name in FOR_SESSIONS else [{TOKEN: []}, {SESSION: []}]
    for parameter in operation.get("parameters", []):
        if parameter["name"] == "if-match":
            # Its absence has a status of its own, 428, so that FastAPI is not told that it must be there.
            parameter |= {"required": True, "schema": {"type": "string", "pattern": r"^\S+$"}}
    for content in operation.get("requestBody", {}).get("content", {}).values():
        if content["schema"].get("type") == "string" and "maxLength" in content["schema"]:
            # FastAPI hands the text on; what stands in it has names and values.
            content["schema"] = A_SITE
    # Before any route hears of it.
    early = (413, 414, 431, 503) if "requestBody" in operation else (414, 431, 503)
    operation["responses"] |= {str(status): response for status, response in documented(*early).items()}
    for status, response in operation["responses"].items():
        response.pop("model", None)
        if int(status) >= 400:
            # FastAPI adds its own media type to the one that is documented.
            response["content"].pop(JSON, None)
