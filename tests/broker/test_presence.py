"""The scripts of presence and leases, one step at a time, on a real Valkey."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
import redis

from devkit.redis_server import RedisServer
from ws_service.broker.connection import BlockingBroker
from ws_service.broker.keys import Keys
from ws_service.broker.leases import (
    Contact,
    Renewed,
    Swept,
    bury_answer,
    bury_call,
    end_call,
    nodes_answer,
    nodes_call,
    renew_answer,
    renew_call,
    sweep_answer,
    sweep_call,
)
from ws_service.broker.presence import (
    Entry,
    State,
    clients_call,
    read_answer,
    reap_answer,
    reap_call,
    users_call,
    write_answer,
    write_call,
)
from ws_service.broker.scripts import Call

TOPIC = "chat:7"
LEASE_MS = 60_000


class Presence:
    """One deployment's presence, by its scripts alone."""

    def __init__(self, broker: BlockingBroker, keys: Keys) -> None:
        self.run = broker.run
        self.keys = keys

    def renew(self, incarnation: str, lease_ms: int = LEASE_MS, *, is_new: bool = True) -> Renewed:
        node = b'"%b"' % incarnation.encode()
        call = renew_call(self.keys, 0, incarnation, lease_ms, node, is_new=is_new)
        return renew_answer(self.run(call))

    def write(
        self, incarnation: str, states: Sequence[tuple[str, State]], *, was_lost: bool = False
    ) -> bool:
        entries = [Entry(state, client, b'"1"', client.encode()) for client, state in states]
        return write_answer(
            self.run(write_call(self.keys, incarnation, TOPIC, entries, was_lost=was_lost))
        )

    def present(self) -> set[str]:
        cursor, found = read_answer(self.run(clients_call(self.keys, TOPIC, 0)))
        assert not cursor
        return set(found)

    def sweep(self, contact: Contact | None) -> Swept:
        return sweep_answer(self.run(sweep_call(self.keys, 0, contact)))

    def reap(self, incarnation: str) -> list[str]:
        """The topics in which something was left."""
        topics: list[str] = []
        while found := bury_answer(self.run(bury_call(self.keys, 0, incarnation))):
            topics += found
            for topic in found:
                cursor = 0
                while cursor := reap_answer(
                    self.run(reap_call(self.keys, incarnation, topic, cursor))
                ):
                    pass
        return topics


@pytest.fixture
def keys() -> Keys:
    return Keys(f"test-{uuid4().hex[:8]}")


@pytest.fixture
def presence(redis_server: RedisServer, keys: Keys) -> Iterator[Presence]:
    broker = BlockingBroker(redis_server.url, 2)
    yield Presence(broker, keys)
    broker.close()


@pytest.fixture
def raw(redis_server: RedisServer) -> Iterator[Any]:
    with redis.Redis(port=redis_server.port) as client:
        yield client


@pytest.fixture
def told(raw: Any, keys: Keys) -> Iterator[Callable[[], list[str]]]:
    """What subscribers were told since the last call."""
    listening = raw.pubsub(ignore_subscribe_messages=True)
    listening.subscribe(keys.doorbell(TOPIC))

    def told() -> list[str]:
        raw.publish(keys.doorbell(TOPIC), "end")
        heard: list[str] = []
        while True:
            message = listening.get_message(timeout=5)
            if message is not None:
                if message["data"] == b"end":
                    return heard
                heard.append(message["data"].decode())

    yield told
    listening.close()


def judging(renewed: Renewed, *, from_ms: int = 0, until_ms: int = 1_000) -> Contact:
    """Of somebody who may end leases in the next second."""
    return Contact(renewed.identity, 0, renewed.now_ms + from_ms, renewed.now_ms + until_ms)


Told = Callable[[], list[str]]


def test_others_are_told_what_has_changed(presence: Presence, told: Told) -> None:
    """Every step may be repeated: a client of Redis repeats what was not answered."""
    presence.renew("p")
    for state, heard in (
        (State.PRESENT, []),
        (State.ANNOUNCED, ["j a"]),
        (State.GONE, ["l a"]),
        (State.ANNOUNCED, ["j a"]),
        (State.PRESENT, ["l a"]),  # left and subscribed again, in one round trip
        (State.GONE, []),
        (State.GONE_ANNOUNCED, []),
    ):
        assert presence.write("p", [("a", state)])
        assert told() == heard, state
        assert presence.write("p", [("a", state)])
        assert told() == [], state


def test_what_was_lost_is_not_told_as_news(presence: Presence, told: Told) -> None:
    """Redis came back empty: who is there was there, who has left meanwhile has left."""
    presence.renew("p")
    presence.write("p", [("stays", State.ANNOUNCED), ("left", State.GONE_ANNOUNCED)], was_lost=True)
    assert told() == ["l left"]
    assert presence.present() == {"stays"}
    presence.write("p", [("stays", State.GONE)])
    assert told() == ["l stays"]


def test_another_incarnation_takes_over_without_a_word(
    presence: Presence, raw: Any, keys: Keys, told: Told
) -> None:
    """The same clients, written again under a new name; what the old one left is nobody's."""
    presence.renew("old")
    presence.write("old", [("a", State.ANNOUNCED), ("ghost", State.ANNOUNCED)])
    told()
    presence.renew("new")
    presence.write("new", [("a", State.ANNOUNCED), ("ghost", State.GONE)])
    assert told() == []
    presence.run(end_call(keys, 0, "old"))
    assert presence.present() == {"a"}
    assert presence.sweep(None).dead == ["old"]
    assert presence.reap("old") == [TOPIC]
    assert told() == ["l ghost"]
    assert presence.present() == {"a"}
    assert not raw.exists(keys.held(0, "old"), keys.dead(0))


def test_without_a_lease_nothing_is_written(presence: Presence) -> None:
    """Whoever was declared dead must first come back as somebody new."""
    assert not presence.write("nobody", [("a", State.PRESENT)])
    presence.renew("p", lease_ms=-1)
    contact = judging(presence.renew("other"))
    assert presence.sweep(contact).dead == ["p"]
    assert not presence.renew("p", is_new=False).is_held
    assert not presence.write("p", [("a", State.PRESENT)])
    assert presence.present() == set()


def test_a_lease_that_nobody_has_ended_goes_on(presence: Presence) -> None:
    """A renewal that is late, and nobody has noticed."""
    presence.renew("p", lease_ms=-1)
    presence.write("p", [("a", State.PRESENT)])
    assert presence.present() == set()
    assert presence.renew("p", is_new=False).is_held
    assert presence.present() == {"a"}


def test_only_who_knows_the_present_may_end_a_lease(presence: Presence) -> None:
    """A command that was on its way while nobody could renew must not kill everybody."""
    presence.renew("p", lease_ms=-1)
    renewed = presence.renew("other")
    too_late = judging(renewed, until_ms=-1)
    too_early = judging(renewed, from_ms=1_000, until_ms=2_000)
    elsewhere = Contact("another server", 0, 0, renewed.now_ms + 1_000)
    for contact in (None, too_late, too_early, elsewhere):
        assert presence.sweep(contact).dead == []
    assert presence.sweep(judging(renewed)).dead == ["p"]


def test_one_reaps_at_a_time(presence: Presence) -> None:
    """All processes notice that one has died; the second one to ask has nothing to do."""
    presence.renew("p", lease_ms=-1)
    contact = judging(presence.renew("other"))
    assert presence.sweep(contact).dead == ["p"]
    assert presence.sweep(contact).dead == []
    assert presence.renew("other").dead == 1, "if the first one dies, somebody looks again"


def test_two_who_reap_tell_once(presence: Presence, keys: Keys, told: Told) -> None:
    """The first one was slow, and somebody else has begun as well."""
    presence.renew("p")
    presence.write("p", [("a", State.ANNOUNCED), ("b", State.ANNOUNCED)])
    told()
    presence.run(end_call(keys, 0, "p"))
    assert presence.reap("p") == [TOPIC]
    assert presence.reap("p") == []
    presence.run(reap_call(keys, "p", TOPIC, 0))
    assert sorted(told()) == ["l a", "l b"]


def test_what_processes_say_of_themselves(presence: Presence, keys: Keys) -> None:
    """An operator asks who is there; the dead don't answer."""
    presence.renew("a")
    presence.renew("b", lease_ms=-1)
    assert nodes_answer(presence.run(nodes_call(keys))) == [b'"a"']


def test_keys_expire_when_everything_is_gone(presence: Presence, raw: Any, keys: Keys) -> None:
    """A deployment that is removed leaves nothing in a Redis that others use."""
    presence.renew("p", lease_ms=-1)
    presence.write("p", [("a", State.PRESENT)])
    presence.sweep(judging(presence.renew("other")))
    names = raw.keys(f"{keys.prefix}*")
    assert len(names) >= 6
    assert [name for name in names if raw.ttl(name) < 3_600] == []


def test_contact_is_a_series_without_a_hole() -> None:
    """After a pause in which nobody may have been heard, a process waits a whole lease."""

    def after(now_ms: int, before: Contact | None, identity: str = "r") -> Contact:
        return Contact.after(Renewed(True, identity, now_ms, None, 0), before, 900)

    first = after(1_000, None)
    assert (first.judges_from_ms, first.judges_until_ms) == (1_900, 1_450)
    second = after(1_300, first)
    assert (second.judges_from_ms, second.judges_until_ms) == (1_900, 1_750)
    assert after(1_800, second).judges_from_ms == 2_700, "somebody was not heard for too long"
    assert after(1_600, second, "another").judges_from_ms == 2_500, "of whom nothing is known"


def test_all_keys_of_a_script_live_on_one_node_of_a_cluster() -> None:
    """Redis Cluster refuses a script whose keys are spread."""
    keys = Keys("test", partitions=64)
    partition = keys.partition_of(TOPIC)
    calls: list[Call] = [
        write_call(keys, "p", TOPIC, [], was_lost=False),
        clients_call(keys, TOPIC, 0),
        users_call(keys, TOPIC, 0),
        reap_call(keys, "p", TOPIC, 0),
        renew_call(keys, partition, "p", 1, b"", is_new=True),
        end_call(keys, partition, "p"),
        sweep_call(keys, partition, None),
        bury_call(keys, partition, "p"),
        nodes_call(keys, partition),
    ]
    for call in calls:
        assert {re.findall(r"{.*?}", key)[0] for key in call.keys} == {f"{{ws{partition}}}"}
        used = max(map(int, re.findall(r"KEYS\[(\d)\]", call.script.text)))
        assert used == len(call.keys), "none that it doesn't use, none that isn't declared"
