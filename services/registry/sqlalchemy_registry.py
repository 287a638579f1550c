"""The registry as one thing: its parts over one database."""

from dataclasses import dataclass
from typing import Self

from services.registry.answers import Answers
from services.registry.audit import Audit
from services.registry.change_log import ChangeLog
from services.registry.chat_events import ChatEvents
from services.registry.collections import Collections
from services.registry.database import Database
from services.registry.documents import Documents
from services.registry.keys import Keys
from services.registry.passages import Passages
from services.registry.vectors import Vectors
from services.registry.work import Work


@dataclass(frozen=True, slots=True)
class Registry:
    """The parts of the truth. Whoever opened it closes it."""

    database: Database
    collections: Collections
    documents: Documents
    passages: Passages
    vectors: Vectors
    changes: ChangeLog
    work: Work
    answers: Answers
    keys: Keys
    audit: Audit
    chat_events: ChatEvents

    @classmethod
    def over(cls, database: Database, owner_key: str) -> Self:
        """Build the registry over an open and migrated database."""
        return cls(
            database=database,
            collections=Collections(database),
            documents=Documents(database),
            passages=Passages(database),
            vectors=Vectors(database),
            changes=ChangeLog(database),
            work=Work(database),
            answers=Answers(database),
            keys=Keys(database, owner_key),
            audit=Audit(database),
            chat_events=ChatEvents(database),
        )

    def close(self) -> None:
        """Give the connections back."""
        self.database.close()
