"""Presence, join and leave, as the official SDKs see them."""

import pytest

from tests.conformance.conftest import Stage
from tests.conformance.sdk_process import Sdk
from tests.live import wait_until


def test_everybody_in_a_room_sees_who_is_there(
    sdk: Sdk, stage: Stage, client: str, ada: str, name: str
) -> None:
    """With what the topic's class says of each; also for whoever reads it on the site."""
    room = f"room:{name}"
    for each in (client, ada):
        sdk.subscribe(each, room).wait_for("subscribed")
    ids = {each: sdk.connected(each)["id"] for each in (client, ada)}
    pk = stage.publisher.user("Ada")
    wanted = {
        ids[client]: {"user": "", "client": ids[client]},
        ids[ada]: {"user": pk, "client": ids[ada], "chanInfo": {"name": "Ada"}},
    }
    assert sdk.ask(client, "presence", channel=room)["clients"] == wanted
    stats = sdk.ask(client, "presenceStats", channel=room)
    assert (stats["numClients"], stats["numUsers"]) == (2, 2)
    assert stage.publisher.ask("presence", topic=room) == {
        "clients": {id_: [info["user"], info.get("chanInfo")] for id_, info in wanted.items()},
        "stats": [2, 2],
    }


def test_comings_and_goings_are_told_once(sdk: Sdk, client: str, ada: str, name: str) -> None:
    """A list of names on a page stays right without asking again."""
    room = sdk.subscribe(client, f"room:{name}")
    own = sdk.connected(client)["id"]
    assert room.wait_for("join")["info"]["client"] == own
    guest = sdk.subscribe(ada, f"room:{name}")
    joined = room.wait_for("join", times=2)["info"]
    assert joined["client"] == sdk.connected(ada)["id"]
    assert joined["chanInfo"] == {"name": "Ada"}
    guest.wait_for("join")
    guest.unsubscribe()
    assert room.wait_for("leave")["info"]["client"] == joined["client"]
    assert guest.events("leave") == []
    guest.subscribe()
    room.wait_for("join", times=3)
    sdk.tell("disconnect", ada)
    assert room.wait_for("leave", times=2)["info"] == joined
    assert list(sdk.ask(client, "presence", channel=room.channel)["clients"]) == [own]
    assert len(room.events("join")) == 3


def test_a_client_that_comes_back_after_a_cut_is_there_once(
    sdk: Sdk, stage: Stage, client: str, ada: str, name: str
) -> None:
    """By its new connection; the old one leaves."""
    room = f"room:{name}"
    listener = sdk.subscribe(client, room)
    listener.wait_for("subscribed")
    sdk.subscribe(ada, room).wait_for("subscribed")
    listener.wait_for("join", times=2)
    stage.link.cut()
    ids = {sdk.connected(each, times=2)["id"] for each in (client, ada)}
    listener.wait_for("subscribed", times=2)
    wait_until(lambda: set(stage.publisher.ask("presence", topic=room)["clients"]) == ids)


def test_only_who_asks_is_told_where_that_is_enough(
    sdk: Sdk, client: str, ada: str, name: str
) -> None:
    """A thousand visitors of a page without a list don't pay for one."""
    silent = sdk.subscribe(client, f"lobby:{name}")
    silent.wait_for("subscribed")
    told = sdk.subscribe(ada, f"lobby:{name}", joinLeave=True)
    assert told.wait_for("join")["info"]["client"] == sdk.connected(ada)["id"]
    silent.unsubscribe()
    assert told.wait_for("leave")["info"]["client"] == sdk.connected(client)["id"]
    assert silent.events("join") == []


@pytest.mark.parametrize(("kind", "code"), [("veiled", 103), ("open", 108), ("nowhere", 102)])
def test_who_may_not_see_who_is_there_is_refused(
    sdk: Sdk, client: str, name: str, kind: str, code: int
) -> None:
    """Not allowed, off, unknown. A wish for join and leave is ignored without a word."""
    for call in ("presence", "presenceStats"):
        assert sdk.refusal(client, call, channel=f"{kind}:{name}") == code
    if kind != "nowhere":
        listener = sdk.subscribe(client, f"{kind}:{name}", joinLeave=True)
        listener.wait_for("subscribed")
        # Its own would stand before this answer.
        sdk.refusal(client, "presence", channel=f"{kind}:{name}")
        assert listener.events("join") == []
