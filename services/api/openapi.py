"""The description of the interface: each route, the key it wants, the errors it may give."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from services.api.access import is_public
from services.api.errors import STATUS_OF
from services.api.openai_errors import is_openai
from services.api.openapi_replies import STREAMED, replies, reply_schemas

_OF_THE_SERVER = frozenset({HTTPStatus.INTERNAL_SERVER_ERROR, 499})
# Asked without a key, and never refused.
_HEALTH = "/health/"
_WELL = {"200", "201", "202"}
_TEXT = {"type": "string"}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": _TEXT,
                "message": _TEXT,
                "retry_after_s": {"type": "integer", "minimum": 1},
            },
        }
    },
}
_OPENAI_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type"],
            "properties": {
                "message": _TEXT,
                "type": _TEXT,
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}


def serve_openapi(app: FastAPI) -> None:
    """Serve the description at `/openapi.json`, made at its first request."""

    @app.get("/openapi.json", tags=["about"])
    def openapi_page() -> dict[str, object]:
        """Return the description of this interface."""
        return app.openapi()

    def described() -> dict[str, object]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _described(app: FastAPI) -> dict[str, object]:
    schema = get_openapi(
        title=app.title, version=app.version, summary=app.summary, routes=app.routes
    )
    parts = schema["components"]
    parts.setdefault("securitySchemes", {})["key"] = {"type": "http", "scheme": "bearer"}
    parts["schemas"] |= {"Error": _ERROR, "OpenAIError": _OPENAI_ERROR} | reply_schemas()
    known = replies()
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            operation["security"] = [] if is_public(path) else [{"key": []}]
            for status, told in operation["responses"].items():
                if status in _WELL:
                    _describe(told, known.get((method, path)), STREAMED.get((method, path)))
            if not path.startswith(_HEALTH):
                operation["responses"] |= _errors(path)
    return schema


def _describe(told: dict[str, Any], reply: object, stream: str | None) -> None:
    content = told.setdefault("content", {})
    if reply is not None:
        content["application/json"] = {"schema": reply}
    if stream is not None:
        content[stream] = {"schema": _TEXT}


def _errors(path: str) -> dict[str, object]:
    name = "OpenAIError" if is_openai(path) else "Error"
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    statuses = {*STATUS_OF.values(), HTTPStatus.BAD_REQUEST} - _OF_THE_SERVER
    return {
        str(int(status)): {"description": HTTPStatus(status).phrase, "content": content}
        for status in sorted(statuses)
    }
