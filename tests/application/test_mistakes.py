from typing import Any

import pytest
from channels.exceptions import InvalidChannelLayerError
from channels.generic.websocket import AsyncWebsocketConsumer, WebsocketConsumer

from ws_service.application.mistakes import explain, miscoloured


class ChatConsumer(AsyncWebsocketConsumer):
    async def chatMessage(self, event: Any) -> None:  # noqa: N802 - the mistake itself
        pass

    async def chat_typed(self, event: Any) -> None:
        pass


class OldConsumer(WebsocketConsumer):
    pass


setattr(OldConsumer, "chat.message", lambda self, event: None)


def test_a_missing_handler_names_the_method_to_write() -> None:
    """Dots become underscores; nobody guesses that."""
    sentence = explain(ValueError("No handler for message type order.paid"), ChatConsumer)
    assert sentence is not None
    assert "ChatConsumer needs `async def order_paid(self, event)`" in sentence


def test_a_method_that_is_almost_right_is_pointed_at() -> None:
    """camelCase, a plural, a typo."""
    error = ValueError("No handler for message type chat.message")
    assert "It has 'chatMessage': is that the one?" in str(explain(error, ChatConsumer))


def test_a_handler_named_with_a_dot_is_pointed_at() -> None:
    """Python allows it by setattr, Channels never looks it up."""
    sentence = explain(ValueError("No handler for message type chat.message"), OldConsumer)
    assert "`def chat_message(self, event)`" in str(sentence)
    assert "an attribute 'chat.message', which is never looked up" in str(sentence)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (InvalidChannelLayerError("BACKEND is unconfigured"), "configure CHANNEL_LAYERS"),
        (
            AttributeError("'NoneType' object has no attribute 'group_add'"),
            "configure CHANNEL_LAYERS",
        ),
        (
            TypeError("object NoneType can't be used in 'await' expression"),
            "must be written `async def`",
        ),
        (
            RuntimeError("You cannot use AsyncToSync in the same thread as an async event loop"),
            "await the coroutine instead",
        ),
    ],
)
def test_other_classics(error: Exception, words: str) -> None:
    """Each of these is asked for every week somewhere."""
    assert words in str(explain(error, ChatConsumer))


def test_an_ordinary_error_is_left_alone() -> None:
    """A wrong explanation is worse than none."""
    assert explain(ValueError("invalid literal for int()"), ChatConsumer) is None


class AsyncReceiver(WebsocketConsumer):
    async def receive(self, text_data: Any = None, bytes_data: Any = None) -> None:
        pass


class SyncConnector(AsyncWebsocketConsumer):
    def connect(self) -> None:
        pass


def test_a_method_of_the_wrong_colour_is_named_before_anybody_connects() -> None:
    """Python says nothing about a coroutine in a synchronous consumer: it just never runs."""
    assert "AsyncReceiver is synchronous: write `def receive(…)`." in miscoloured(AsyncReceiver)[0]
    assert (
        "SyncConnector is asynchronous: write `async def connect" in miscoloured(SyncConnector)[0]
    )


def test_right_consumers_are_left_alone() -> None:
    """Channels' own, which every consumer inherits."""
    assert miscoloured(ChatConsumer) == []
    assert miscoloured(OldConsumer) == []
