"""The official Python client of Centrifugo's server API, unchanged."""

from collections.abc import Iterator

import pytest
from cent import (
    AsyncClient,
    BatchRequest,
    BroadcastRequest,
    CentApiResponseError,
    CentTransportError,
    CentUnauthorizedError,
    ChannelsRequest,
    Client,
    Disconnect,
    DisconnectRequest,
    HistoryRequest,
    InfoRequest,
    PresenceRequest,
    PresenceStatsRequest,
    PublishRequest,
    StreamPosition,
    UnsubscribeRequest,
)

from tests.api.conftest import KEY, Caller
from tests.publishing.store import Store


@pytest.fixture
def client(api: Caller) -> Iterator[Client]:
    client = Client(api.url, KEY)
    yield client
    client.close()


def test_the_client_publishes_and_reads(client: Client, store: Store) -> None:
    """A site that moves from Centrifugo keeps its code."""
    data = {"state": "paid"}
    tags = {"lang": "en"}
    first = client.publish(
        PublishRequest(channel="orders:1", data=data, tags=tags, idempotency_key="one")
    )
    again = client.publish(PublishRequest(channel="orders:1", data=data, idempotency_key="one"))
    assert (first.offset, first.epoch) == (again.offset, again.epoch)
    assert client.publish(PublishRequest(channel="cursor:a", data=1)).offset == 0

    sent = client.broadcast(BroadcastRequest(channels=["orders:1", "nothing"], data=2))
    assert sent.responses[0].result
    assert sent.responses[0].result.offset == 2
    assert sent.responses[1].error
    assert sent.responses[1].error.code == 102

    page = client.history(
        HistoryRequest(
            channel="orders:1", limit=10, since=StreamPosition(offset=0, epoch=first.epoch)
        )
    )
    assert [(each.offset, each.data, each.tags) for each in page.publications] == [
        (1, data, tags),
        (2, 2, None),
    ]
    assert (page.offset, page.epoch) == (2, first.epoch)
    assert store.data("orders:1") == [data, 2]


def test_the_client_asks_who_is_there_and_ends_connections(client: Client) -> None:
    """Every answer has the shape that its classes need, also the empty ones."""
    assert client.presence(PresenceRequest(channel="room:a")).presence == {}
    stats = client.presence_stats(PresenceStatsRequest(channel="room:a"))
    assert (stats.num_clients, stats.num_users) == (0, 0)
    client.disconnect(
        DisconnectRequest(
            user="42", whitelist=["abc"], disconnect=Disconnect(code=4501, reason="banned")
        )
    )
    client.unsubscribe(UnsubscribeRequest(user="42", channel="orders:1"))
    assert client.info(InfoRequest()).nodes == []


def test_a_batch_of_the_client(client: Client, store: Store) -> None:
    """Its results come back as the classes of its requests."""
    result = client.batch(
        BatchRequest(
            requests=[
                PublishRequest(channel="orders:1", data=1),
                PresenceStatsRequest(channel="room:a"),
                BroadcastRequest(channels=["orders:1"], data=2),
            ],
            parallel=True,
        )
    )
    assert result.replies[0].offset == 1
    assert store.data("orders:1") == [1, 2]


def test_the_clients_errors(client: Client, api: Caller) -> None:
    """Each kind of failure is the one that its exceptions mean."""
    with pytest.raises(CentApiResponseError) as unknown:
        client.publish(PublishRequest(channel="nothing", data=1))
    assert (unknown.value.code, unknown.value.message) == (102, "unknown channel")
    with pytest.raises(CentApiResponseError) as not_available:
        client.history(HistoryRequest(channel="cursor:a"))
    assert not_available.value.code == 108
    with pytest.raises(CentTransportError) as no_method:
        client.channels(ChannelsRequest())
    assert no_method.value.status_code == 404
    stranger = Client(api.url, "another-key-of-16")
    with pytest.raises(CentUnauthorizedError):
        stranger.info(InfoRequest())
    stranger.close()


async def test_the_asynchronous_client(api: Caller) -> None:
    """From an asynchronous view."""
    client = AsyncClient(api.url, KEY)
    try:
        sent = await client.publish(PublishRequest(channel="orders:1", data=1))
        page = await client.history(HistoryRequest(channel="orders:1", limit=-1))
        assert page.epoch == sent.epoch
        assert [each.data for each in page.publications] == [1]
    finally:
        await client.close()
