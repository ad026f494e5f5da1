"""Where clients of topics connect: moves bytes between a WebSocket, a session and the hub.

turns       a fair share of the database threads for each connection
policy      asks the site's functions, in a thread or in the loop, within a time limit
client      who is on the other side, and what is attached to it
answers     what they say by raising, and what can't be sent of what they give
permissions may this client?
connecting  who it is: tokens, users, what it is subscribed to without asking
subscribing, client_publishing, reading, calling, refreshing
            the answers to the commands
commands    all of them together
registry    the connections of this process; disconnect and unsubscribe orders
live_groups groups of the channel layer under topics
heartbeat, token_life
            when a client must have connected, ponged, refreshed
conversation one client's session, rules and topics together; no I/O
connection  its WebSocket: frames in, frames out
gateway     what all connections of a process share
endpoint    the ASGI applications
"""

from typing import Final

ENDPOINT_PATH: Final = "/connection/websocket"
"""Where client libraries look by convention."""

ONE_WAY_PATH: Final = "/connection/uni_websocket"
"""For clients that only listen."""
