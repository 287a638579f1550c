"""Bots live in the service: their connections are held while it is ready, and made anew."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from services.api.bot_desk import ServiceDesk
from services.api.state import Service
from services.bots import Bot
from services.bots.concierge import Concierge
from services.bots.opening import open_bots

log = structlog.get_logger("bots")
_LOOK_S = 0.2
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 2.0, 120.0


class BotHost:
    """The bots that the settings name; the service delivers webhooks to them."""

    def __init__(self, service: Service) -> None:
        settings = service.settings
        self._service = service
        self._concierge = Concierge(ServiceDesk(service), settings.page_url, settings.upload_bytes)
        self._bots = open_bots(settings, self._concierge)
        service.bots = {bot.name: bot for bot in self._bots}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold the bots' connections as long as this is open; then end what they have begun."""
        holding = asyncio.create_task(self._hold())
        try:
            yield
        finally:
            holding.cancel()
            await asyncio.gather(holding, return_exceptions=True)
            await self._concierge.close()
            for bot in self._bots:
                await bot.close()

    async def _hold(self) -> None:
        if not self._bots:
            return
        while not self._service.is_ready:  # noqa: ASYNC110 - set by another thread
            await asyncio.sleep(_LOOK_S)
        # Not anyio's: a bot that is cancelled must be able to say goodbye.
        async with asyncio.TaskGroup() as tasks:
            for bot in self._bots:
                tasks.create_task(_held(bot))


async def _held(bot: Bot) -> None:
    pause_s = _FIRST_PAUSE_S
    while True:
        began = time.monotonic()
        try:
            log.info("bot is served", platform=bot.name)
            await bot.run()
        except Exception as error:
            # Whatever a platform's library throws: the others go on, and this one comes back.
            log.exception("bot lost its connection", platform=bot.name, exc_info=error)
        else:
            return
        if time.monotonic() - began > _LONGEST_PAUSE_S:
            pause_s = _FIRST_PAUSE_S
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
