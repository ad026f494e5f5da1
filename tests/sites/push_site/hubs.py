"""`ws/hubs/`: what the hub of the service's process holds, when a client was left behind."""

import gc
import json
from typing import Any

from ws_service.hub.hub import Hub
from ws_service.hub.topic import HubTopic


async def tell_hubs(scope: Any, receive: Any, send: Any) -> None:
    """One message: a list with an object for each hub."""
    await receive()
    await send({"type": "websocket.accept"})
    hubs = [_told(each) for each in gc.get_objects() if isinstance(each, Hub)]
    await send({"type": "websocket.send", "text": json.dumps(hubs)})
    await send({"type": "websocket.close", "code": 1000})


def _told(hub: Hub) -> dict[str, Any]:
    watcher, link = hub._watcher, hub._link
    return {
        "now_s": hub._loop.time(),
        "topics": [_topic(topic) for topic in hub._topics.values()],
        "watcher": {
            "seen": watcher._seen,
            "must_check_all": watcher._must_check_all,
            "is_deaf": watcher._is_deaf,
        },
        "doubtful": [topic.name for topic in hub._synchroniser.doubtful],
        "link": {
            "is_down": link._is_down,
            "must_tell": link._must_tell,
            "unconfirmed": dict(link._unconfirmed),
            "not_confirmed": sorted(set(link._wanted) - link._confirmed),
            "heard_s": link._heard_s,
        },
        "tasks": {task.get_name(): str(task.get_stack(limit=1)) for task in hub._tasks},
    }


def _topic(topic: HubTopic) -> dict[str, Any]:
    return {
        "name": topic.name,
        "state": topic.state.name,
        "position": str(topic.position),
        "earlier": topic.lineage.earlier,
        "generation": topic.generation,
        "subscriptions": len(topic.subscriptions),
        "waiting": topic.waiting,
        "held": len(topic.held),
        "must_look": topic.must_look,
        "is_being_read": topic.synchronising is not None,
        "is_read_back": topic.backfill is not None,
        "tail": [topic.tail.start, topic.tail.end],
        "kept_until_s": topic.kept_until_s,
    }
