"""What compose.yaml promises, seen in the containers that it has made."""

import json
import re
import subprocess
from typing import Any

import pytest

from tests.deploy.containers.compose.stack import ONE_SHOT, Stack, own_secrets
from tests.deploy.containers.docker import LIMIT_S, Container, docker
from tests.live import wait_until

PROXIES = {"nginx", "nginx-tls", "caddy"}
WITHOUT_A_CHECK = {"counter", "ticker"}  # nobody waits for them
NET_BIND_SERVICE = 1 << 10
KILLED = 137
# Of wget, for a name and for an address; not what it says of an answer that it can't read.
_NO_WAY = "unable to resolve|bad address|timed out|unreachable"


def service_of(container: Container) -> str:
    return str(container.inspect("Config", "Labels", "com.docker.compose.service"))


def running(stack: Stack) -> dict[str, Container]:
    """One container of each service that stays."""
    found = {service_of(each): each for each in stack.containers()}
    return {service: each for service, each in found.items() if service not in ONE_SHOT}


def test_everything_is_up_healthy_and_in_order(stack: Stack) -> None:
    """`docker compose up` out of a clone, and nothing else."""
    for service, container in running(stack).items():
        if service not in WITHOUT_A_CHECK:
            assert container.health == "healthy", service
    for service in ONE_SHOT:
        assert stack.container(service).exit_code == 0
    assert len(stack.containers("ws")) == 2
    migrated_at = stack.container("migrate").inspect("State", "FinishedAt")
    for service in ("web", "ws"):
        assert all(
            each.inspect("State", "StartedAt") > migrated_at for each in stack.containers(service)
        )


def test_the_site_s_containers_have_the_same_settings(stack: Stack) -> None:
    """A key that differs would make everybody anonymous, without an error anywhere."""
    environments = []
    for service in ("web", "ws", "migrate", "counter", "ticker"):
        given = stack.containers(service)[0].inspect("Config", "Env")
        environments.append({each for each in given if not each.startswith("GUNICORN_")})
        assert "DEBUG=false" in given
    assert all(environment == environments[0] for environment in environments)


def test_nothing_runs_as_root_with_rights_or_can_write_to_its_image(stack: Stack) -> None:
    """Whoever breaks into one has nothing to go on with."""
    for service, container in running(stack).items():
        status = container.execute("cat", "/proc/1/status")
        fields = dict(re.findall(r"^(\w+):\s+(\S+)", status, re.MULTILINE))
        allowed = NET_BIND_SERVICE if service == "caddy" else 0
        assert int(fields["CapBnd"], 16) == allowed, service
        assert fields["NoNewPrivs"] == "1", service
        assert (fields["Uid"] == "0") is (service == "caddy"), service
        assert container.inspect("HostConfig", "ReadonlyRootfs"), service
        assert container.inspect("HostConfig", "Memory") > 0, service


def test_a_stop_is_obeyed_while_a_program_is_still_starting(stack: Stack) -> None:
    """Without a process 1 that passes signals on, a start that is called off takes the whole grace
    period, and ends by force.
    """
    for service, container in running(stack).items():
        # Docker's, or the one that the gateway's image has itself.
        first = container.execute("cat", "/proc/1/comm")
        assert first == ("tini" if service == "gateway" else "docker-init"), service
    for container in (stack.container("counter"), stack.container("ticker")):
        container.stop()
        container.start()
        wait_until(lambda container=container: "example.manage" in docker("top", container.ident))
        container.stop()
        assert container.exit_code != KILLED
        container.start()


def test_only_proxies_are_reachable_from_outside_and_only_from_this_machine(stack: Stack) -> None:
    """A port that is open to the world by default is found within the hour."""
    for service, container in running(stack).items():
        bound = [
            each
            for ports in container.inspect("HostConfig", "PortBindings").values()
            for each in ports
        ]
        assert bool(bound) is (service in PROXIES), service
        assert all(each["HostIp"] == "127.0.0.1" for each in bound), service


def test_a_proxy_reaches_the_site_and_not_the_data(stack: Stack) -> None:
    """It is what strangers talk to: from there is no way to the database or to Redis."""
    proxy = stack.container("nginx")
    fetch = ("wget", "-O", "/dev/null", "-T", "2", "-t", "1")
    proxy.execute(*fetch, "http://web:8000/health/")
    for service, port in (("db", 5432), ("redis", 6379)):
        container = stack.container(service)
        (network,) = container.inspect("NetworkSettings", "Networks").values()
        for name in (service, network["IPAddress"]):
            with pytest.raises(AssertionError, match=_NO_WAY):
                proxy.execute(*fetch, f"http://{name}:{port}/")


def test_redis_keeps_what_it_has_and_refuses_what_it_can_t(stack: Stack) -> None:
    """Every other policy drops streams, and with them what clients have missed."""
    redis = stack.container("redis")
    for name, value in (("appendonly", "yes"), ("maxmemory-policy", "noeviction")):
        assert redis.execute("valkey-cli", "config", "get", name).split() == [name, value]
    assert redis.execute("valkey-cli", "config", "get", "maxmemory").split()[1] != "0"


def settings_of(stack: Stack, **environment: str) -> Any:
    """All services as compose understands them, with these variables in .env."""
    return json.loads(stack.compose("config", "--format", "json", **environment))["services"]


def check_of(stack: Stack, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Start the site's code as `web` has it, with these variables in .env."""
    given = settings_of(stack, **environment)["web"]["environment"]
    options = (part for name, value in given.items() for part in ("--env", f"{name}={value}"))
    return subprocess.run(
        [
            *("docker", "exec", *options, stack.container("web").ident),
            *("python", "-m", "example.manage", "check"),
        ],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def test_nobody_goes_into_production_with_the_keys_for_trying(stack: Stack) -> None:
    """They stand in a public file: whoever has read it could be anybody."""
    # An open port is enough: a client writes the host name as it likes.
    for name in ("ALLOWED_HOSTS", "HTTP_BIND", "HTTPS_BIND", "CADDY_BIND"):
        refused = check_of(stack, **{name: "192.0.2.1"})
        assert refused.returncode != 0, name
        assert "ImproperlyConfigured: Others can reach this site" in refused.stderr
        for known in ("SECRET_KEY", "WS_SERVICE_TOKEN_KEY", "DATABASE_URL"):
            assert known in refused.stderr


def test_caddy_is_healthy_under_the_site_s_own_name(stack: Stack) -> None:
    """Then it has no certificate for localhost, by which its health was asked once."""
    name = f"{stack.name}-caddy-www"
    own = ("--env", "SITE_ADDRESS=https://www.example.com:8443")
    stack.compose("run", "--detach", "--no-deps", "--name", name, *own, "caddy")
    with Container(name) as caddy:
        wait_until(lambda: caddy.health == "healthy")


def test_every_image_of_this_repository_can_be_built(stack: Stack) -> None:
    """Compose asks a registry for an image that no service says how to build; there is none."""
    for name, service in settings_of(stack).items():
        is_own = "/" not in service["image"] and service["image"].endswith(":latest")
        assert is_own is ("build" in service), name


def test_what_env_example_asks_for_is_enough(stack: Stack) -> None:
    """Filled in as it says, nothing is missing, and the service has what the site has."""
    given = own_secrets()
    assert check_of(stack, **given).returncode == 0
    services = settings_of(stack, **given)
    key = services["web"]["environment"]["WS_SERVICE_TOKEN_KEY"]
    assert key == given["WS_SERVICE_TOKEN_KEY"]
    assert services["gateway"]["environment"]["WS_SERVICE_TOKEN_KEY"] == key
    assert "insecure" not in json.dumps(services)
