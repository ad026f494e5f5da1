"""What a server raises in a send, and what becomes of it."""

from typing import Any

import pytest
from autobahn.exception import Disconnected

from ws_service.application.close_codes import send_with_a_possible_code


async def test_a_client_that_has_left_daphne_is_no_error() -> None:
    """Each cut connection would write a traceback into the log: a flood, when many are cut."""

    async def send(event: Any) -> None:
        raise Disconnected("Attempt to send on a closed protocol")

    with pytest.raises(OSError, match="closed protocol"):
        await send_with_a_possible_code(send, {"type": "websocket.send", "text": "x"})


async def test_a_close_that_the_server_can_not_send_goes_out_with_its_private_equivalent() -> None:
    """Stock Daphne refuses 1012 and leaves the connection open."""
    sent: list[Any] = []

    async def send(event: Any) -> None:
        if event["code"] < 3000:
            raise ValueError("invalid code")
        sent.append(event)

    await send_with_a_possible_code(send, {"type": "websocket.close", "code": 1012})
    assert [event["code"] for event in sent] == [4012]
