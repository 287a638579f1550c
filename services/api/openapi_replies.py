"""What the routes answer, as the interface's description has it: made from the domain's own types,
so that it says what is sent.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from pydantic import TypeAdapter

from services.domain.access import Grant
from services.domain.answers import Citation, Sentence, Usage
from services.domain.documents import Collection, Document

_Schema: TypeAlias = dict[str, Any]
_AT = "#/components/schemas/"
_TEXT, _WHOLE, _NUMBER, _TRUTH = ({"type": t} for t in ("string", "integer", "number", "boolean"))
_THINGS = {"type": "object", "additionalProperties": True}
_EVENTS = "text/event-stream"


def _ref(name: str) -> _Schema:
    return {"$ref": f"{_AT}{name}"}


def _list(of: _Schema) -> _Schema:
    return {"type": "array", "items": of}


def _object(optional: Mapping[str, _Schema] | None = None, **fields: _Schema) -> _Schema:
    return {
        "type": "object",
        "required": list(fields),
        "properties": fields | dict(optional or {}),
    }


def _made(kind: type, *, without: Iterable[str] = (), optional: Iterable[str] = ()) -> _Schema:
    """Return the schema of one of the domain's types as it is told: *without* what stays inside."""
    made = TypeAdapter(kind).json_schema(mode="serialization")
    names = {f"#/$defs/{name}": inner for name, inner in made.pop("$defs", {}).items()}
    fields = {
        name: _inlined(one, names)
        for name, one in made["properties"].items()
        if name not in set(without)
    }
    required = [name for name in fields if name not in set(optional)]
    return {"type": "object", "required": required, "properties": fields}


def _inlined(schema: Any, names: Mapping[str, _Schema]) -> Any:  # noqa: ANN401 - a JSON schema
    if isinstance(schema, list):
        return [_inlined(one, names) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(names[schema["$ref"]], names)
    return {name: _inlined(one, names) for name, one in schema.items()}


def reply_schemas() -> dict[str, _Schema]:
    """Return the schemas of what is answered, by name."""
    places = {"document_id": _TEXT, "document_name": _TEXT, "source_id": _TEXT, "collection": _TEXT}
    copies = _list(_object(passage_id=_WHOLE, document_id=_TEXT, name=_TEXT))
    document = _made(
        Document,
        without=("collection_id", "segment_id", "blob", "replaces"),
        optional=("batch", "error", "readers"),
    )
    document["properties"]["replaces"] = _TRUTH
    return {
        "Document": document,
        "Passage": _object(
            {"page": _WHOLE, "unverified": _TRUTH, "also_in": copies},
            id=_WHOLE,
            **places,
            text=_TEXT,
            start=_WHOLE,
            end=_WHOLE,
            headings=_list(_TEXT),
            score=_NUMBER,
            scores={"type": "object", "additionalProperties": _NUMBER},
        ),
        "Answer": _object(
            id=_TEXT,
            answered=_TRUTH,
            answer=_TEXT,
            language=_TEXT,
            sentences=_list(_made(Sentence)),
            citations=_list(_made(Citation, optional=("page", "unverified"))),
            passages=_list(_ref("Passage")),
            model=_TEXT,
            usage=_made(Usage),
            timings_ms={"type": "object", "additionalProperties": _NUMBER},
            trace_id=_TEXT,
        ),
        "Collection": _made(Collection),
        "Grants": _object(grants=_list(_made(Grant))),
        "Receipt": _object(
            document_id=_TEXT,
            name=_TEXT,
            removed={"type": "object", "additionalProperties": _WHOLE},
        ),
        "Batch": _object(documents=_WHOLE, batch=_TEXT),
    }


def replies() -> dict[tuple[str, str], _Schema]:
    """Return what each route answers where all is well, by method and path; `application/json`."""
    taken = {"anyOf": [_ref("Document"), _ref("Batch")]}
    counts = {"type": "object", "additionalProperties": _WHOLE}
    counted = {"allOf": [_ref("Collection"), _object(documents=_WHOLE)]}
    return {
        ("post", "/v1/documents"): taken,
        ("get", "/v1/documents"): _object(
            {"cursor": _TEXT}, documents=_list(_ref("Document")), counts=counts
        ),
        ("get", "/v1/documents/{document_id}"): _ref("Document"),
        ("delete", "/v1/documents/{document_id}"): _ref("Receipt"),
        ("post", "/v1/documents/{document_id}/reread"): _ref("Document"),
        ("put", "/v1/documents/{document_id}/readers"): _ref("Document"),
        ("post", "/v1/search"): _object(
            passages=_list(_ref("Passage")), trace_id=_TEXT, trace=_THINGS
        ),
        ("post", "/v1/ask"): _ref("Answer"),
        ("get", "/v1/answers"): _object(answers=_list(_THINGS)),
        ("delete", "/v1/answers"): _object(removed=_WHOLE),
        ("delete", "/v1/answers/{answer_id}"): _object(removed=_WHOLE),
        ("post", "/v1/answers/{answer_id}/replay"): _object(before=_THINGS, now=_ref("Answer")),
        ("post", "/v1/collections"): _ref("Collection"),
        ("get", "/v1/collections"): _object(collections=_list(counted)),
        ("put", "/v1/collections/{name}"): _ref("Collection"),
        ("get", "/v1/collections/{name}/grants"): _ref("Grants"),
        ("put", "/v1/collections/{name}/grants"): _ref("Grants"),
        ("post", "/v1/keys"): _object(id=_TEXT, key=_TEXT, name=_TEXT),
        ("get", "/v1/keys"): _object(keys=_list(_THINGS)),
        ("delete", "/v1/keys/{key_id}"): _object(id=_TEXT, revoked=_TRUTH),
    }


# Routes that answer as a stream, too, where that is asked for.
STREAMED = {
    ("post", "/v1/ask"): _EVENTS,
    ("post", "/v1/chat/completions"): _EVENTS,
    ("post", "/v1/responses"): _EVENTS,
}
