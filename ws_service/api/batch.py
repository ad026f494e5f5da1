"""Several commands in one request. They are done in their order, ``parallel`` or not."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from msgspec import Raw, Struct

from ws_service.api.errors import ApiError, Fault
from ws_service.api.methods import METHODS, Result, call, read, response
from ws_service.api.requests import PublishRequest
from ws_service.api.sending import prepared, sent
from ws_service.publishing.outgoing import Outgoing

BATCH_LIMIT: Final = 1_000
"""Commands of one batch."""

_PUBLISH: Final = "publish"
_INTERNAL: Final = response(ApiError(Fault.INTERNAL))

Command = dict[str, Raw]


class BatchRequest(Struct, kw_only=True):
    """commands: ``{"<method>": {its request}}`` each."""

    commands: list[Command]


def batch(request: BatchRequest) -> Result:
    """``{"replies": …}``, one for each command. Raises ApiError.

    Publications that follow each other take one round trip. Once Redis is away, or has refused one,
    the rest gets the same answer: nobody waits again, and nothing is published behind what failed.
    """
    if len(request.commands) > BATCH_LIMIT:
        text = f"{len(request.commands)} commands are more than {BATCH_LIMIT}"
        raise ApiError(Fault.BAD_REQUEST, text)
    replies: list[Result] = []
    away: ApiError | None = None
    for name, commands in groupby(request.commands, _method_of):
        answers: list[Result | ApiError] = []
        if name == _PUBLISH and away is None:
            answers = sent([_publication(command[name]) for command in commands])
            away = _outage(answers)
        else:
            for command in commands:
                answers.append(away or _answer(name, command))
                away = _outage(answers[-1:])
        replies += [_reply(name, answer) for answer in answers]
    return {"replies": replies}


def _method_of(command: Command) -> str:
    """The method that a command names; ``""`` for none that there is."""
    return next((name for name in command if name in METHODS), "")


def _publication(body: Raw) -> Outgoing | ApiError:
    try:
        request: PublishRequest = read(_PUBLISH, body, PublishRequest)
        return prepared(request.channel, request.payload(), request)
    except ApiError as error:
        return error


def _answer(name: str, command: Command) -> Result | ApiError:
    try:
        return call(name, command.get(name, b"{}"))
    except ApiError as error:
        return error


def _outage(answers: Sequence[Result | ApiError]) -> ApiError | None:
    """What these answers, or those of a broadcast among them, say of Redis; None if it is well."""
    for answer in answers:
        if isinstance(answer, ApiError) and answer.fault is Fault.INTERNAL:
            return answer
        if isinstance(answer, dict) and _INTERNAL in answer.get("responses", ()):
            return ApiError(Fault.INTERNAL)
    return None


def _reply(name: str, answer: Result | ApiError) -> Result:
    return {"error": answer.as_data()} if isinstance(answer, ApiError) else {name: answer}
