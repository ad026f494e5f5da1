"""Policies that allow, deny, fail, hang, and answer in their own ways."""

import asyncio
import functools
import threading
import time
from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session

from tests.sites.gateway_site.gates import wait_at, wait_in_loop_at
from ws_service import History, Topic

LONG_S = 30.0


class OpenTopic(Topic):
    """Everybody may."""

    async def can_subscribe(self) -> bool:
        return True

    async def can_see_history(self) -> bool:
        return True


class ShallowTopic(OpenTopic):
    """Keeps little."""

    history = History(size=3)


class FleetingTopic(OpenTopic):
    """Keeps nothing."""

    history = None


class CountedTopic(Topic):
    """Answers in a database thread, and in no other."""

    def can_subscribe(self) -> bool:
        return threading.current_thread() is not threading.main_thread()


class MineTopic(Topic):
    """Only for the user whom it names."""

    async def can_subscribe(self) -> bool:
        return str(self.user.pk) == self.kwargs["user"]


class WatchedTopic(OpenTopic):
    """It is known who is there, and told."""

    presence = True
    join_leave = "all"

    async def can_see_presence(self) -> bool:
        return True


class UserTopic(Topic):
    """Only for those who are logged in; the database is asked."""

    def can_subscribe(self) -> bool:
        return get_user_model().objects.filter(pk=self.user.pk).exists()


class BrokenTopic(Topic):
    """A policy with a bug."""

    def can_subscribe(self) -> bool:
        raise LookupError("a policy's bug")


class OutageTopic(Topic):
    """A policy whose service is away."""

    async def can_subscribe(self) -> bool:
        raise ConnectionError("the policy's service is away")


class SlowTopic(Topic):
    """A policy that waits too long in its thread."""

    def can_subscribe(self) -> bool:
        time.sleep(4.5)
        return True


class SlowAsyncTopic(Topic):
    """A policy that waits too long in the loop."""

    async def can_subscribe(self) -> bool:
        await asyncio.sleep(LONG_S)
        return True


def logged(policy: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator that forgets that what it decorates is a coroutine function."""

    @functools.wraps(policy)
    def wrapper(*args: Any) -> Any:
        return policy(*args)

    return wrapper


class DecoratedTopic(Topic):
    """Its policy says no, but what is called answers with a coroutine, which is true."""

    @logged
    async def can_subscribe(self) -> bool:
        return False


class LazyTopic(Topic):
    """Answers with a queryset: the database is asked for its truth."""

    def can_subscribe(self) -> Any:
        return Session.objects.filter(session_key=self.kwargs["key"])


class GatedTopic(OpenTopic):
    """Its policies wait at the gate that it names."""

    async def can_subscribe(self) -> bool:
        await wait_in_loop_at(self.kwargs["name"])
        return True

    async def info(self) -> None:
        await wait_in_loop_at(self.kwargs["name"])


class HangingTopic(Topic):
    """Its policy waits at the gate in a thread."""

    def can_subscribe(self) -> bool:
        wait_at(self.kwargs["name"])
        return True


class TakenTopic(OpenTopic):
    """Clients publish here what they want."""

    async def can_publish(self) -> bool:
        return True


class CleanedTopic(TakenTopic):
    """What clients publish is looked at."""

    async def clean(self, data: Any) -> Any:
        return data


class LeavingTopic(Topic):
    """Whoever subscribes deletes the own account."""

    def can_subscribe(self) -> bool:
        self.user.delete()
        return True
