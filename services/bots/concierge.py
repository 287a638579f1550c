"""The core that all platforms share: from a message heard to a reply, once."""

import asyncio
import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import structlog

from services.bots import Desk, Dropped, Heard, Judged, Note, Reply, Talk, Told
from services.bots.inert import inert, one_line
from services.bots.phrases import asks_for_help, collection_to_add_to, phrase, thumb_of
from services.bots.recent import Recent
from services.domain.errors import BusyError, HouseError
from services.language.normalize import language_of

log = structlog.get_logger("bots")

# Messages at work at the same time, beyond which one is told to come again.
_MOST_AT_WORK = 256
_MOST_REMEMBERED = 2000
_LONGEST_QUOTE = 280
_LONGEST_TITLE = 120
_MOST_FILES = 10


class Concierge:
    """Answers messages and takes thumbs and files, for every platform alike."""

    def __init__(self, desk: Desk, page_url: str | None, upload_bytes: int) -> None:
        self._desk = desk
        self._page_url = page_url.rstrip("/") if page_url else None
        self._upload_bytes = upload_bytes
        self._at_work: set[asyncio.Task[None]] = set()
        # The last answer told to a person in a thread, and files that may be added there.
        self._last = Recent[str](_MOST_REMEMBERED)
        self._offered = Recent[tuple[Dropped, ...]](_MOST_REMEMBERED)

    def begin(self, heard: Heard, talk: Talk) -> None:
        """Answer in the background: platforms want their acknowledgement within three seconds."""
        self._spawn(self.hear(heard, talk))

    def begin_judging(self, judged: Judged) -> None:
        """Keep a thumb in the background."""
        self._spawn(self.judge(judged))

    async def close(self) -> None:
        """Give up what is at work."""
        for task in self._at_work:
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    async def hear(self, heard: Heard, talk: Talk) -> None:
        """Answer a message, unless it was answered before."""
        try:
            if await self._desk.is_new(f"{heard.person.platform}:{heard.event_id}"):
                await self._reply(heard, talk)
        except HouseError as error:
            log.warning("a message is not answered", reason=str(error), event_id=heard.event_id)
        except Exception as error:
            log.exception("a message is not answered", exc_info=error, event_id=heard.event_id)

    async def judge(self, judged: Judged) -> None:
        """Keep a thumb that a button gave."""
        try:
            if await self._desk.is_new(f"{judged.person.platform}:{judged.event_id}"):
                await self._desk.judge(judged)
        except HouseError as error:
            log.info("a thumb is not kept", reason=str(error))

    async def _reply(self, heard: Heard, talk: Talk) -> None:
        language = language_of(heard.text) if heard.text.strip() else "en"
        is_good = thumb_of(heard.text)
        wanted = collection_to_add_to(heard.text)
        if heard.files:
            said = await self._offer(heard, language)
        elif is_good is not None:
            said = await self._judged(heard, language, is_good=is_good)
        elif wanted is not None and self._offered.get(_key(heard)):
            said = await self._add(heard, talk, language, wanted)
        elif asks_for_help(heard.text):
            said = phrase("help", language)
        elif len(self._at_work) > _MOST_AT_WORK:
            said = phrase("busy", language)
        else:
            await self._answer(heard, talk, language)
            return
        await talk.end(Reply(said, language))

    async def _answer(self, heard: Heard, talk: Talk, language: str) -> None:
        await talk.show(phrase("searching", language))
        shown, text = time.monotonic(), ""
        last: Told = HouseError("nothing was said")
        async for last in self._desk.ask(heard):
            if isinstance(last, HouseError) or last[0] != "delta":
                continue
            text += last[1]["text"]
            if time.monotonic() - shown >= talk.interval_s:
                await talk.show(f"{inert(text)} …")
                shown = time.monotonic()
        if isinstance(last, HouseError):
            await talk.end(Reply(_sorry(last, language), language))
            return
        answer = last[1]
        self._last.put(_key(heard), answer["id"])
        await talk.end(self._told(answer))

    def _told(self, answer: Mapping[str, Any]) -> Reply:
        language = answer["language"]
        text = answer["answer"]
        if answer["sentences"]:
            text = _marked(answer["answer"], answer["sentences"])
        notes = tuple(self._note(citation, language) for citation in answer["citations"])
        return Reply(inert(text), language, notes, answer["id"])

    def _note(self, citation: Mapping[str, Any], language: str) -> Note:
        place = [one_line(citation["document_name"], _LONGEST_TITLE)]
        if citation.get("page") is not None:
            place.append(phrase("page", language, number=citation["page"]))
        if citation.get("unverified"):
            place.append(phrase("unverified", language))
        url = None
        if self._page_url is not None:
            document = quote(citation["document_id"])
            where = f"start={citation['start']}&end={citation['end']}"
            url = f"{self._page_url}/#document={document}&{where}"
        title = (", " if language == "en" else "，").join(place)
        return Note(
            citation["number"], title, inert(one_line(citation["quote"], _LONGEST_QUOTE)), url
        )

    async def _judged(self, heard: Heard, language: str, *, is_good: bool) -> str:
        answer_id = self._last.get(_key(heard))
        if answer_id is None:
            return phrase("nothing", language)
        await self._desk.judge(Judged(heard.event_id, heard.person, answer_id, is_good))
        return phrase("thanks", language)

    async def _offer(self, heard: Heard, language: str) -> str:
        collections = await self._desk.collections(heard.person)
        if not collections:
            return phrase("may_not", language)
        files = heard.files[:_MOST_FILES]
        self._offered.put(_key(heard), files)
        names = _names(files)
        if len(collections) == 1:
            return phrase("offer_one", language, names=names, collection=inert(collections[0]))
        others = ", ".join(inert(name) for name in collections[1:][:_MOST_FILES])
        first = inert(collections[0])
        return phrase("offer", language, names=names, collection=first, others=others)

    async def _add(self, heard: Heard, talk: Talk, language: str, wanted: str) -> str:
        files = self._offered.pop(_key(heard)) or ()
        collections = await self._desk.collections(heard.person)
        collection = wanted or next(iter(collections), "")
        if collection not in collections:
            return phrase("may_not", language)
        told: list[str] = []
        for dropped in files:
            try:
                data = await talk.fetch(dropped, self._upload_bytes)
                await self._desk.add(heard.person, collection, dropped.name, data)
            except HouseError as error:
                names = _names([dropped])
                told.append(phrase("not_added", language, names=names, reason=inert(str(error))))
            else:
                names = _names([dropped])
                told.append(phrase("added", language, collection=inert(collection), names=names))
        return "\n".join(told)


def _key(heard: Heard) -> str:
    return f"{heard.person.platform}:{heard.person.id}:{heard.thread}"


def _marked(answer: str, sentences: Sequence[Mapping[str, Any]]) -> str:
    """Return the answer with the numbers of its footnotes behind each sentence."""
    pieces, before = [], 0
    for sentence in sentences:
        marks = "".join(f"[{number}]" for number in sentence["citations"])
        pieces.append(f"{answer[before : sentence['end']]}{marks}")
        before = sentence["end"]
    return "".join(pieces)


def _names(files: Sequence[Dropped]) -> str:
    return ", ".join(inert(one_line(dropped.name, _LONGEST_TITLE)) for dropped in files)


def _sorry(error: HouseError, language: str) -> str:
    if isinstance(error, BusyError):
        return phrase("busy", language)
    return phrase("failed", language, reason=inert(str(error)))
