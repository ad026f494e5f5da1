"""Names in Redis: no two things have the same one."""

from itertools import product

import pytest

from ws_service.broker.keys import Keys
from ws_service.redis_url import RedisUrl

NAMES = ["a", "7", "room:7", "x:room", "k:room:7", "a:bell:b", "meta:a", "once:a"]


def test_no_two_topics_and_keys_share_a_name() -> None:
    """Else one topic's repetition would be another one's publication, silently dropped."""
    keys = Keys("p")
    made = [keys.idempotency(topic, key) for topic, key in product(NAMES, NAMES)]
    made += [keys.metadata(name) for name in NAMES]
    made += [keys.stream(name) for name in NAMES]
    made += [keys.changes(0), keys.change_number(0)]
    assert len(set(made)) == len(made)


@pytest.mark.parametrize("name", NAMES)
def test_a_doorbell_channel_leads_back_to_its_topic(name: str) -> None:
    """A process knows a topic by what Redis says."""
    keys = Keys("p")
    assert keys.topic_of(keys.doorbell(name)) == name


def test_deployments_and_databases_are_apart() -> None:
    """Redis pub/sub ignores the database number."""
    channels = {Keys(p, d).doorbell("t") for p, d in (("a", 0), ("a", 1), ("b", 0))}
    assert len(channels) == 3


def test_a_partition_has_all_keys_of_a_topic() -> None:
    """One script uses them together, also in a cluster."""
    keys = Keys("p", partitions=16)
    for name in NAMES:
        tag = f"{{ws{keys.partition_of(name)}}}"
        for key in (keys.metadata, keys.stream, keys.doorbell):
            assert tag in key(name)
        assert tag in keys.idempotency(name, "k")
        assert tag in keys.changes(keys.partition_of(name))


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("redis://redis:6379/3", 3),
        ("redis://redis:6379", 0),
        ("rediss://:secret@redis/12", 12),
        ("redis://redis/0?db=4", 4),
        ("unix:///run/redis.sock?db=5", 5),
        ("unix:///run/redis.sock", 0),
    ],
)
def test_the_database_of_a_url(url: str, database: int) -> None:
    """As redis-py reads it."""
    assert RedisUrl.parse(url).database == database
