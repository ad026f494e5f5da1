#!/usr/bin/env python3
"""The sensor in the terrarium: a program on another machine, without Django.

    DEVICE_KEY=… python sensor.py --site https://example.org --service wss://example.org/connection/websocket

It shows its key to the site and gets a token; with the token it connects to the service, publishes
a reading a second, and obeys what is published to its own topic. The official Python SDK does the
rest: it comes back after an outage, with a fresh token, and gets the commands that it missed.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import time
import urllib.request
from typing import Any

from centrifuge import (
    CentrifugeError,
    Client,
    ClientEventHandler,
    ConnectedContext,
    ConnectingContext,
    ServerPublicationContext,
    ServerSubscribedContext,
    Subscription,
)

logger = logging.getLogger("sensor")

PERIOD_S = 1.0
SITE_LIMIT_S = 5.0
COLD, WARM = 21.0, 34.0
"""Where the temperature tends to, in °C, without the lamp and with it."""
INERTIA = 0.06


class Terrarium:
    """Sand, a lamp and a thermometer."""

    def __init__(self) -> None:
        self.celsius = COLD
        self.is_lamp_on = False

    def pass_a_second(self) -> None:
        goal = WARM if self.is_lamp_on else COLD
        self.celsius += (goal - self.celsius) * INERTIA

    def reading(self) -> dict[str, Any]:
        return {
            "celsius": round(self.celsius, 2),
            "lamp": self.is_lamp_on,
            "at": int(time.time() * 1000),
        }


class Sensor(ClientEventHandler):
    """Reports, and obeys. As the client's handler it hears what comes of its own topic."""

    def __init__(self, site: str, service: str, key: str) -> None:
        self._site = site
        self._key = key
        self._terrarium = Terrarium()
        self._has_news = asyncio.Event()
        self._must_ask = True
        self._is_heard = True
        self._client = Client(service, events=self, get_token=self._token)

    async def run(self) -> None:
        """Report once a second, and at once when something has changed; until cancelled."""
        topic = await self._learn_topic()
        reports = self._client.new_subscription(topic)  # subscribed, it is seen to be there
        await reports.subscribe()
        await self._client.connect()
        try:
            while True:
                await self._learn_what_is_wanted()
                await self._report(reports)
                try:
                    await asyncio.wait_for(self._has_news.wait(), PERIOD_S)
                except TimeoutError:
                    self._terrarium.pass_a_second()
                self._has_news.clear()
        finally:
            await self._client.disconnect()

    async def on_connecting(self, ctx: ConnectingContext) -> None:
        logger.info("Connecting: %s", ctx.reason)

    async def on_connected(self, ctx: ConnectedContext) -> None:
        logger.info("Connected as client %s", ctx.client)

    async def on_subscribed(self, ctx: ServerSubscribedContext) -> None:
        """To our own topic. If what follows is not all that was missed, the site must be asked."""
        self._must_ask = not ctx.recovered

    async def on_publication(self, ctx: ServerPublicationContext) -> None:
        """A command."""
        if isinstance(ctx.pub.data, dict) and isinstance(ctx.pub.data.get("lamp"), bool):
            self._must_ask = False  # newer than any answer that is on its way
            self._obey(ctx.pub.data["lamp"])

    def _obey(self, is_lamp_wanted: bool) -> None:
        if is_lamp_wanted != self._terrarium.is_lamp_on:
            logger.info("The lamp goes %s", "on" if is_lamp_wanted else "off")
        self._terrarium.is_lamp_on = is_lamp_wanted
        self._has_news.set()

    async def _report(self, reports: Subscription) -> None:
        """One that is lost is followed by another; said once, until one is taken again."""
        try:
            await reports.publish(self._terrarium.reading())
        except CentrifugeError as error:
            if self._is_heard:
                logger.warning("Readings are lost: %s", error)
            self._is_heard = False
        else:
            if not self._is_heard:
                logger.info("Readings are taken again")
            self._is_heard = True

    async def _learn_topic(self) -> str:
        while True:
            try:
                return (await self._ask_site())["topic"]
            except OSError as error:
                logger.warning("The site does not say where to report; asking again: %s", error)
                await asyncio.sleep(PERIOD_S)

    async def _learn_what_is_wanted(self) -> None:
        if not self._must_ask:
            return
        try:
            is_lamp_wanted = (await self._ask_site())["lamp"]
            if self._must_ask:
                self._terrarium.is_lamp_on, self._must_ask = is_lamp_wanted, False
        except OSError as error:
            logger.warning("The site does not say what is wanted; asking again: %s", error)

    async def _token(self) -> str:
        return (await self._ask_site())["token"]

    async def _ask_site(self) -> dict[str, Any]:
        return await asyncio.to_thread(self._post, {"key": self._key})

    def _post(self, data: dict[str, Any]) -> dict[str, Any]:
        # Whoever starts this says where the site is.
        request = urllib.request.Request(  # noqa: S310
            f"{self._site}/device/token/",
            data=json.dumps(data).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=SITE_LIMIT_S) as response:  # noqa: S310
            return json.load(response)


async def main() -> None:
    """Run until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", required=True, help="http://localhost:8000")
    parser.add_argument("--service", required=True, help="the service's client endpoint")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="{asctime} {name}: {message}", style="{")
    sensor = Sensor(options.site, options.service, os.environ["DEVICE_KEY"])
    running = asyncio.ensure_future(sensor.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        logger.info("Stopped")


if __name__ == "__main__":
    asyncio.run(main())
