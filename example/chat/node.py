"""Which process of the service a page is connected to: shown in the room, to see them change."""

from ws_service import Caller, node_id


async def node(caller: Caller) -> dict[str, str]:
    """Answered by that process; anybody may ask."""
    return {"node": node_id()}
