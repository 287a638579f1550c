"""Events of chat platforms: each is taken up once, however often it is delivered."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from services.registry.database import Database
from services.registry.rows import now
from services.registry.tables import chat_events

# Platforms deliver again for minutes, WeCom and Feishu for hours.
_REMEMBERED = timedelta(days=2)


class ChatEvents:
    """Which events were taken up, for all processes on one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, key: str) -> bool:
        """Say whether the event is new; from now on it is not."""
        long_ago = now(ago=_REMEMBERED)
        try:
            with self._database.write() as connection:
                connection.execute(sa.delete(chat_events).where(chat_events.c.at < long_ago))
                connection.execute(sa.insert(chat_events), {"key": key, "at": now()})
        except IntegrityError:
            return False
        return True
