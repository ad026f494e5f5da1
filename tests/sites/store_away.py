"""A session store that connects when it is made, to a server that is away."""


class SessionStore:
    def __init__(self, session_key: str | None = None) -> None:
        raise ConnectionRefusedError(111, "Connection refused")
