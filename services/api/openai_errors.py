"""Errors in the shape that OpenAI's clients read."""

from fastapi.responses import JSONResponse

from services.domain.errors import HouseError, NotFoundError

_PATHS = ("/v1/chat/", "/v1/models", "/v1/embeddings", "/v1/responses")
_INVALID, _UNPROCESSABLE, _BUSY, _SERVER = 400, 422, 429, 500


class ModelNotFoundError(NotFoundError):
    """No model of that name for the one who asks."""

    code = "model_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"The model {name!r} does not exist, or you may not use it.")


def is_openai(path: str) -> bool:
    """Say whether a route speaks OpenAI's language."""
    return path.startswith(_PATHS)


def openai_response(response: JSONResponse, code: str, message: str) -> JSONResponse:
    """Return an error response in OpenAI's shape, with the same headers."""
    status = response.status_code
    if status == _UNPROCESSABLE:
        status = _INVALID
    kept = {
        name: value
        for name, value in response.headers.items()
        if name not in {"content-length", "content-type"}
    }
    return JSONResponse(openai_body(status, code, message), status, headers=kept)


def openai_body(status: int, code: str, message: str) -> dict[str, object]:
    """Return the body of an error."""
    kind = "invalid_request_error" if status < _SERVER else "server_error"
    if status == _BUSY:
        kind = "rate_limit_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def openai_error(status: int, error: HouseError) -> dict[str, object]:
    """Return the body of an error that ends a stream."""
    return openai_body(status, error.code, str(error))
