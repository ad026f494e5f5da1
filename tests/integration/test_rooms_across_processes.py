"""Two service processes are one service: they share rooms through Redis."""

from collections.abc import Callable

import pytest

from tests.live import Service, Site, hear, tell


@pytest.mark.promise("shared-rooms")
@pytest.mark.parametrize("layer", ["pubsub", "core"])
def test_a_message_reaches_the_other_process(
    start: Callable[..., Service], site: Site, layer: str
) -> None:
    """Replicas are useless if their users don't meet."""
    first, second = (start(environment={"CHANNEL_LAYER": layer}) for _ in range(2))
    with (
        first.connect("/ws/chat/lobby/", cookie=site.cookie_of("Ada")) as ada,
        second.connect("/ws/chat/lobby/", cookie=site.cookie_of("Grace")) as grace,
    ):
        assert hear(ada)["node"] != hear(grace)["node"]
        said = tell(ada, {"message": "from the first"})
        heard = hear(grace)
        assert heard == said
        assert (heard["sender"], heard["message"]) == ("Ada", "from the first")
        assert tell(grace, {"message": "from the second"}) == hear(ada)


@pytest.mark.parametrize("layer", ["pubsub", "core"])
def test_the_sites_own_code_reaches_a_room(
    start: Callable[..., Service], site: Site, layer: str
) -> None:
    """The web container sends with ``group_send``, from synchronous code."""
    service = start(
        ("-m", "ws_service", "serve", "--bind", "127.0.0.1:{port}"),
        settings="example.settings",
        environment={"CHANNEL_LAYER": layer},
    )
    with service.connect("/ws/dashboard/", cookie=site.cookie_of("Ada")) as socket:
        assert hear(socket)["type"] == "joined"
        site.run_in_django(
            "from example.pages.points import measure, send\nsend(measure(sent_by='a test'))\n",
            CHANNEL_LAYER=layer,
        )
        point = hear(socket)
        assert (point["type"], point["sent_by"]) == ("point", "a test")
