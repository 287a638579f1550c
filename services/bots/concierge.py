"""The core that all platforms share: from a message heard to a reply, once."""

import asyncio
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import aclosing
from typing import Any
from urllib.parse import quote

import structlog

from services.bots import Desk, Dropped, Heard, Judged, Note, Reply, Talk, Told
from services.bots.inert import inert, one_line
from services.bots.outgoing import PlatformError
from services.bots.phrases import asks_for_help, collection_to_add_to, phrase, thumb_of
from services.client.reasons import chinese_reason
from services.domain.errors import BusyError, HouseError
from services.domain.recent import Recent
from services.language.normalize import language_of
from services.language.table_rows import is_row

log = structlog.get_logger("bots")

# Messages at work at the same time, beyond which one is told to come again.
_MOST_AT_WORK = 256
_MOST_REMEMBERED = 2000
_LONGEST_QUOTE = 280
_LONGEST_TITLE = 120
_MOST_FILES = 10
# A file that was offered is forgotten after an hour: later, "add …" is a question again.
_OFFER_S = 3600.0
# "add", and a name of at most two words.
_MOST_NAME_WORDS = 3
# Between attempts to show the end of a reply.
_AGAIN_S = (1.0, 5.0)
# Where a message has no words and its writer has written none before.
_CHINESE = frozenset({"feishu", "dingtalk", "wecom"})


class Concierge:
    """Answers messages and takes thumbs and files, for every platform alike."""

    def __init__(self, desk: Desk, page_url: str | None, upload_bytes: int) -> None:
        self._desk = desk
        self._page_url = page_url.rstrip("/") if page_url else None
        self._upload_bytes = upload_bytes
        self._at_work: set[asyncio.Task[None]] = set()
        # The last answer told to a person in a thread, and files that may be added there.
        self._last = Recent[str](_MOST_REMEMBERED)
        self._offered = Recent[tuple[Dropped, ...]](_MOST_REMEMBERED, _OFFER_S)
        self._languages = Recent[str](_MOST_REMEMBERED)

    def begin(self, heard: Heard, talk: Talk) -> None:
        """Answer in the background: platforms want their acknowledgement within three seconds."""
        self._spawn(self._hear(heard, talk))

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

    async def answer(self, heard: Heard, talk: Talk) -> None:
        """Answer a message, unless it was answered before; HouseError if it cannot be taken."""
        if await self._desk.is_new(f"{heard.person.platform}:{heard.event_id}"):
            await self._reply(heard, talk)

    async def _hear(self, heard: Heard, talk: Talk) -> None:
        try:
            await self.answer(heard, talk)
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
        language = self._language(heard)
        is_good = thumb_of(heard.text)
        wanted = collection_to_add_to(heard.text)
        if heard.files:
            said = await self._offer(heard, language)
        elif is_good is not None:
            said = await self._judged(heard, language, is_good=is_good)
        elif wanted is not None and (to := await self._place_of(heard, wanted)) is not None:
            said = await self._add(heard, talk, language, to)
        elif asks_for_help(heard.text):
            said = phrase("help", language)
        elif len(self._at_work) > _MOST_AT_WORK:
            said = phrase("busy", language)
        else:
            await self._answer(heard, talk, language)
            return
        await _ended(talk, Reply(said, language))

    def _language(self, heard: Heard) -> str:
        """Return the language of a message; without words, that of its writer's last one."""
        person = f"{heard.person.platform}:{heard.person.id}"
        if any(letter.isalpha() for letter in heard.text):
            language = language_of(heard.text)
            self._languages.put(person, language)
            return language
        named = " ".join(dropped.name for dropped in heard.files)
        if language_of(named) == "zh":
            return "zh"
        usual = "zh" if heard.person.platform in _CHINESE else "en"
        return self._languages.get(person) or usual

    async def _answer(self, heard: Heard, talk: Talk, language: str) -> None:
        await _shown(talk, phrase("searching", language))
        shown, text = time.monotonic(), ""
        last: Told = HouseError("nothing was said")
        async with aclosing(self._desk.ask(heard)) as events:
            async for last in events:
                if isinstance(last, HouseError) or last[0] != "delta":
                    continue
                text += last[1]["text"]
                if time.monotonic() - shown >= talk.interval_s:
                    await _shown(talk, f"{inert(text)} …")
                    shown = time.monotonic()
        if isinstance(last, HouseError):
            await _ended(talk, Reply(_sorry(last, language), language))
            return
        answer = last[1]
        self._last.put(_key(heard), answer["id"])
        await _ended(talk, self._told(answer))

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
        return Note(citation["number"], title, inert(_shortened(citation["quote"])), url)

    async def _judged(self, heard: Heard, language: str, *, is_good: bool) -> str:
        answer_id = self._last.get(_key(heard))
        if answer_id is None:
            return phrase("nothing", language)
        await self._desk.judge(Judged(heard.event_id, heard.person, answer_id, is_good))
        return phrase("thanks", language)

    async def _offer(self, heard: Heard, language: str) -> str:
        collections = await self._desk.collections(heard)
        if not collections:
            return phrase("may_not" if heard.is_direct else "may_not_here", language)
        files = heard.files[:_MOST_FILES]
        self._offered.put(_key(heard), files)
        names = _names(files)
        if len(collections) == 1:
            return phrase("offer_one", language, names=names, collection=inert(collections[0]))
        others = ", ".join(inert(name) for name in collections[1:][:_MOST_FILES])
        first = inert(collections[0])
        return phrase("offer", language, names=names, collection=first, others=others)

    async def _place_of(self, heard: Heard, wanted: str) -> str | None:
        """Return the collection that an offered file shall go to; None if the message is none of
        the answers to an offer.
        """
        if not self._offered.get(_key(heard)):
            return None
        collections = await self._desk.collections(heard)
        if not wanted:
            return next(iter(collections), "")
        # "add VAT to the price" and 添加后如何修改 ask; "add polices" names one that is not there.
        words = heard.text.split()
        is_name = bool(words[1:]) and len(words) <= _MOST_NAME_WORDS
        return wanted if wanted in collections or is_name else None

    async def _add(self, heard: Heard, talk: Talk, language: str, collection: str) -> str:
        if collection not in await self._desk.collections(heard):
            return phrase("may_not", language)
        files = self._offered.pop(_key(heard)) or ()
        told: list[str] = []
        for dropped in files:
            try:
                data = await talk.fetch(dropped, self._upload_bytes)
                await self._desk.add(heard, collection, dropped.name, data)
            except HouseError as error:
                names = _names([dropped])
                told.append(
                    phrase("not_added", language, names=names, reason=_why(error, language))
                )
            else:
                names = _names([dropped])
                told.append(phrase("added", language, collection=inert(collection), names=names))
        return "\n".join(told)


def _shortened(quote: str) -> str:
    """Return a quote on one line; of a long table the names of its columns, and the row."""
    lines = quote.split("\n")
    if len(quote) > _LONGEST_QUOTE and is_row(lines[0]) and is_row(lines[-1]):
        half = _LONGEST_QUOTE // 2
        return f"{one_line(lines[0], half)} … {one_line(lines[-1], half)}"
    return one_line(quote, _LONGEST_QUOTE)


def _key(heard: Heard) -> str:
    return f"{heard.person.platform}:{heard.person.id}:{heard.room}:{heard.thread}"


async def _shown(talk: Talk, text: str) -> None:
    """Show what has been written so far; where the platform refuses, more comes in a moment."""
    try:
        await talk.show(text)
    except PlatformError as error:
        log.info("an edit is left out", reason=str(error))


async def _ended(talk: Talk, reply: Reply) -> None:
    """Show the end, more than once if need be: without it, people wait for ever."""
    for pause_s in _AGAIN_S:
        try:
            await talk.end(reply)
        except PlatformError as error:
            log.warning("the end of a reply is tried again", reason=str(error))
            await asyncio.sleep(pause_s)
        else:
            return
    await talk.end(reply)


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
    return phrase("failed", language, reason=_why(error, language))


def _why(error: HouseError, language: str) -> str:
    """Return the reason; to who writes Chinese in Chinese, with its own words beside it."""
    known = chinese_reason(error.code) if language == "zh" else None
    return f"{known}（{inert(str(error))}）" if known else inert(str(error))
