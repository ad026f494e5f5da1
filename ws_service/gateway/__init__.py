"""Where clients of topics connect: moves bytes between a WebSocket, a session and the hub.

turns       a fair share of the database threads for each connection
policy      asks a topic's class, in a thread or in the loop, within a time limit
commands    what a session asks for: subscribe, read history
live_groups groups of the channel layer under topics
connection  one client: the session's effects, timers, the send buffer
endpoint    the ASGI application at /connection/websocket
"""

from typing import Final

ENDPOINT_PATH: Final = "/connection/websocket"
"""Where client libraries look by convention."""
