"""From an HTTP request to a method and back: a WSGI application."""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIEnvironment

from msgspec import DecodeError, Raw
from msgspec.json import decode, encode

from ws_service.api.batch import BatchRequest, batch
from ws_service.api.errors import ApiError, Fault
from ws_service.api.key import has_key
from ws_service.api.methods import Result, call, read
from ws_service.metrics import count
from ws_service.protocol.codes import HALF
from ws_service.protocol.surrogates import without_halves
from ws_service.quiet import Quiet

logger = logging.getLogger(__name__)

_PREFIX: Final = "/api/"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"

    @classmethod
    def of(cls, data: Any, status: int = HTTPStatus.OK) -> "Answer":
        return cls(status, encode(data))

    @classmethod
    def in_words(cls, status: int, text: str) -> "Answer":
        return cls(status, f"{text}\n".encode(), "text/plain; charset=utf-8")


class Api:
    """``POST /api/<method>`` with a JSON body, as in Centrifugo's server API.

    key: who has it may do everything. Callable from several threads at once.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._quiet = Quiet()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = self._answer(environ)
        count("ws_service_api_requests_total")
        headers = [("Content-Length", str(len(answer.body)))]
        if answer.body:
            headers.append(("Content-Type", answer.content_type))
        if answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers.append(("Allow", "POST"))
        status = HTTPStatus(answer.status)
        start_response(f"{status.value} {status.phrase}", headers)
        return [answer.body]

    def _answer(self, environ: WSGIEnvironment) -> Answer:
        path: str = environ.get("PATH_INFO", "")
        if not path.startswith(_PREFIX):
            return Answer.in_words(HTTPStatus.NOT_FOUND, "Methods are at /api/<method>.")
        if not has_key(environ, self._key):
            self._tell_of_a_stranger(environ)
            return Answer(HTTPStatus.UNAUTHORIZED)
        if environ["REQUEST_METHOD"] != "POST":
            return Answer.in_words(HTTPStatus.METHOD_NOT_ALLOWED, "Methods are called by POST.")
        body = environ["wsgi.input"].read() or b"{}"
        has_http_errors = environ.get("HTTP_X_CENTRIFUGO_ERROR_MODE") == "transport"
        if not _is_json(body):
            if _is_json(without_halves(body)):
                return _refused(ApiError(Fault.BAD_REQUEST, HALF), has_http_errors)
            return Answer.in_words(HTTPStatus.BAD_REQUEST, "The body is no JSON.")
        try:
            return Answer.of(_call(path.removeprefix(_PREFIX), body))
        except ApiError as error:
            return _refused(error, has_http_errors)
        except Exception:
            # A bug of ours, or of the site's topics: the caller gets no traceback.
            logger.exception("The HTTP API failed at %s", path)
            return _refused(ApiError(Fault.INTERNAL), has_http_errors)

    def _tell_of_a_stranger(self, environ: WSGIEnvironment) -> None:
        count("ws_service_api_unauthorized_total")
        if self._quiet.may_say("unauthorized", time.monotonic()):
            where = environ.get("REMOTE_ADDR")
            logger.warning("The HTTP API was asked without its key, or a wrong one, by %s", where)


def _is_json(body: bytes | str) -> bool:
    try:
        decode(body, type=Raw)
    except (DecodeError, RecursionError):
        return False
    return True


def _call(method: str, body: bytes) -> Result:
    """The whole answer to a request that succeeds. Raises ApiError."""
    if method == "batch":
        return batch(read(method, body, BatchRequest))
    return {"result": call(method, body)}


def _refused(error: ApiError, has_http_errors: bool) -> Answer:
    if has_http_errors:
        return Answer.of(error.as_data(), error.fault.value.status)
    is_unknown = error.fault is Fault.NOT_FOUND
    return Answer.of(
        {"error": error.as_data()}, HTTPStatus.NOT_FOUND if is_unknown else HTTPStatus.OK
    )
