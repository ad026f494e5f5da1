"""How a command ends that gets no result."""

from ws_service.protocol.codes import Disconnect, ErrorEntry, ReplyError, Unsubscribe, in_words


class Refused(Exception):
    """The client gets an error instead of a result."""

    def __init__(self, error: ReplyError | ErrorEntry) -> None:
        self.entry = error.value if isinstance(error, ReplyError) else error
        super().__init__(self.entry.message)


class Disconnected(Exception):
    """The command ends the connection."""

    def __init__(self, disconnect: Disconnect) -> None:
        super().__init__(disconnect.value.reason)
        self.disconnect = disconnect


class Unsubscribed(Exception):
    """The command ends the subscription that it is about."""

    def __init__(self, end: Unsubscribe) -> None:
        super().__init__(end.value.reason)
        self.end = end


def bad_request(text: str) -> ErrorEntry:
    """Error 107 that tells the client what is wrong with what it has sent."""
    return in_words(ReplyError.BAD_REQUEST, text)
