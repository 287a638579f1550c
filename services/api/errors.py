"""What each error means in HTTP, in one table, and the one shape in which it is told."""

from collections.abc import Mapping

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from services.api.openai_errors import is_openai, openai_response
from services.api.wording import fault, told_plainly
from services.domain import errors

STATUS_OF: dict[type[errors.HouseError], int] = {
    errors.HouseError: 500,
    errors.InvalidRequestError: 422,
    errors.UnauthenticatedError: 401,
    errors.ForbiddenError: 403,
    errors.NotFoundError: 404,
    errors.ConflictError: 409,
    errors.TooLargeError: 413,
    errors.UnsupportedTypeError: 415,
    errors.UnreadableError: 422,
    errors.BusyError: 429,
    errors.NotReadyError: 503,
    errors.CancelledError: 499,
    errors.DeadlineError: 504,
    errors.StorageFullError: 507,
    errors.SettingsError: 500,
    errors.ModelFileError: 503,
    errors.EngineError: 503,
    errors.DamagedStoreError: 503,
    errors.DataInUseError: 503,
    errors.BackupError: 500,
    errors.DamagedGenerationError: 503,
}
_CODE_OF = {400: "bad_request", 401: "unauthenticated", 404: "not_found", 405: "method_not_allowed"}

log = structlog.get_logger("api")


def status_of(error: errors.HouseError) -> int:
    """Return the status of an error, by the nearest of its classes in the table."""
    return next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)


def error_body(code: str, message: str, retry_after_s: int | None = None) -> dict[str, object]:
    """Return the one shape in which errors are told."""
    told: dict[str, object] = {"code": code, "message": message}
    if retry_after_s is not None:
        told["retry_after_s"] = retry_after_s
    return {"error": told}


def error_response(error: errors.HouseError) -> JSONResponse:
    """Return an error as a response; 429 and 503 say when to come back."""
    status = status_of(error)
    retry = error.retry_after_s or (1 if status in {429, 503} else None)
    headers: Mapping[str, str] = {"Retry-After": str(retry)} if retry else {}
    if status == STATUS_OF[errors.UnauthenticatedError]:
        headers = {"WWW-Authenticate": "Bearer"}
    return JSONResponse(error_body(error.code, str(error), retry), status, headers=dict(headers))


def error_reply(path: str, error: errors.HouseError) -> JSONResponse:
    """Return an error as the interface that *path* belongs to tells it."""
    return _shaped(path, error_response(error), error.code, str(error))


def _shaped(path: str, response: JSONResponse, code: str, message: str) -> JSONResponse:
    return openai_response(response, code, message) if is_openai(path) else response


def add_error_handlers(app: FastAPI) -> None:
    """Tell every error in the one shape."""

    @app.exception_handler(errors.HouseError)
    async def expected(request: Request, error: errors.HouseError) -> JSONResponse:
        return error_reply(request.url.path, error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        message = fault(error.errors())
        response = JSONResponse(error_body("invalid_request", message), 422)
        return _shaped(request.url.path, response, "invalid_request", message)

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> JSONResponse:
        code = _CODE_OF.get(error.status_code, "failed")
        told = told_plainly(str(error.detail))
        response = JSONResponse(error_body(code, told), error.status_code, headers=error.headers)
        return _shaped(request.url.path, response, code, told)

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> JSONResponse:
        log.error("unexpected error", path=request.url.path, exc_info=error)
        message = "Something unexpected went wrong here; the log has the details."
        return JSONResponse(error_body("internal", message), 500)
