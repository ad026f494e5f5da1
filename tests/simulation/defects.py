"""Defects that the service once had, put back: the simulation must find each of them.

Each is a context manager. None of them changes what is written in the service.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from unittest.mock import patch

from tests.simulation.former_recovery import former_recovery
from ws_service.broker import scripts
from ws_service.broker.link import DoorbellLink
from ws_service.broker.scripts import Script
from ws_service.errors import BrokerUnavailable
from ws_service.hub import shelf
from ws_service.hub.topic import HubTopic
from ws_service.hub.watcher import Watcher


def a_reading_outlives_its_generation() -> AbstractContextManager[None]:
    """Who comes after a rebase waits for a reading that was begun before it."""
    return former_recovery(has_own_reading=False, looks_at_top=True)


def a_store_that_lost_writes_is_believed() -> AbstractContextManager[None]:
    """A reading counts whenever its epoch is the topic's, however low its top."""
    return former_recovery(has_own_reading=True, looks_at_top=False)


@contextmanager
def what_was_not_compared_counts_as_compared() -> Iterator[None]:
    """The watch is content when a comparison was interrupted."""
    compare = Watcher._check_all

    async def compare_once(watcher: Watcher) -> None:
        try:
            await compare(watcher)
        except BrokerUnavailable:
            raise
        except BaseException:
            watcher._must_check_all = False
            raise

    with patch.object(Watcher, "_check_all", compare_once):
        yield


@contextmanager
def the_change_index_has_no_name() -> Iterator[None]:
    """That it was flushed or evicted shows only by its numbers."""
    script = scripts.script
    text = script("changes").text.replace("server .. name", "server")
    nameless = Script(text, scripts.sha1(text.encode()).hexdigest())
    with patch.object(
        scripts, "script", lambda name: nameless if name == "changes" else script(name)
    ):
        yield


@contextmanager
def a_topic_that_is_gone_is_waited_for() -> Iterator[None]:
    """A link that is up again waits for a topic that was never asked for on it."""
    unsubscribe = DoorbellLink.unsubscribe

    def wait_on(link: DoorbellLink, topic: str) -> None:
        restoring = set(link._restoring)
        unsubscribe(link, topic)
        link._restoring = restoring

    with patch.object(DoorbellLink, "unsubscribe", wait_on):
        yield


@contextmanager
def the_tail_knows_no_age() -> Iterator[None]:
    """What a process has is handed out for as long as it has it."""
    with patch.object(HubTopic, "since", lambda topic, offset: topic.tail.after(offset)):
        yield


@contextmanager
def the_tail_knows_no_size() -> Iterator[None]:
    """Every topic's tail has room for a whole recovery."""
    with patch.object(shelf, "min", max, create=True):
        yield


DEFECTS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    make.__name__: make
    for make in (
        a_reading_outlives_its_generation,
        a_store_that_lost_writes_is_believed,
        what_was_not_compared_counts_as_compared,
        the_change_index_has_no_name,
        a_topic_that_is_gone_is_waited_for,
        the_tail_knows_no_age,
        the_tail_knows_no_size,
    )
}
