"""What a container's health check asks."""

from django.test import Client


def test_a_probe_needs_no_host_name_and_no_database(client: Client) -> None:
    """It asks by 127.0.0.1, whatever the site is called; and while the database is away, a restart
    of every web container would help nobody. (No test here may use the database without a mark.)
    """
    response = client.get("/health/", headers={"host": "not.in.allowed.hosts"})
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert not response.cookies
