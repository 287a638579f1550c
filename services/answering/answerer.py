"""The one path from a question to an answer with footnotes."""

import re
import secrets
import time
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from typing_extensions import override

from services.answering import (
    AnswerEvent,
    AnswerSource,
    Cancelled,
    DeltaEvent,
    Event,
    PassagesEvent,
)
from services.answering.arranging import arranged, says_nothing_new
from services.answering.composing import Ranked, composed
from services.answering.conflicts import Conflict, conflicts, undisputed
from services.answering.conversations import Conversations, Told
from services.answering.draft import Draft, is_said
from services.answering.evidence import Evidence
from services.answering.grounding import WHOLLY_SUPPORTED, Grounded, ground
from services.answering.prompt import Material, Packed, continued, pack
from services.answering.refusal import greeting, greets, refusal
from services.answering.weighing import Weighed, Weighing
from services.domain.answers import Answer, Question, Turn, Usage
from services.domain.errors import CancelledError
from services.domain.passages import Found
from services.domain.scope import Scope
from services.engine import Embedder, Generator, Step
from services.engine.prefix_tree import SHARE_JOINT
from services.language.normalize import LANGUAGES, language_of
from services.language.sentences import sentences
from services.retrieval import Query, Retrieval
from services.retrieval.retriever import Retriever

# Passages beyond those that are read, so that a refusal can show what came nearest.
_SHOWN = 10
_PASSAGE_NUMBER = re.compile(r"\s*\[\d+\]|^\s*\d{1,2}\s+(?=[A-Z])", re.MULTILINE)
_ENDED = re.compile(r"[.!?。！？…][\"'”’」』)）]*\s*$")
# Words of English, characters of Chinese, that a token makes at most.
_LENGTH_OF_TOKEN = {"en": 1.0, "zh": 1.5}
_SAID_EARLIER = {"en": "The earlier “{title}” says: ", "zh": "较早的《{title}》："}
_DISAGREE = {"en": "Sources disagree: ", "zh": "来源说法不一："}
# Before sentences in the other language than the question's.
_OF_OTHERS = {"en": "The Chinese documents say: ", "zh": "英文文档中写道："}
# Sentences that a small model is let write: only what restates the best one may stand (measured on
# squad2-en: the same answers with 22 tokens as with 36).
_ENOUGH = 1
# Who has waited for this part of the deadline has waited long.
_LONG_WAIT = 0.25
# Writing ends this part of the deadline before it, or so many seconds: an answer from what is
# written by then, or from the sentences alone, is better than none.
_MARGIN, _MARGIN_S = 0.2, 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an answer is made from, and whether the generator's own words may carry it.

    A model under about a billion parameters words worse than the sentences that it reads
    (`docs/quality.md` has the figures), so its sentences only lead where they are supported.
    """

    passages: int
    passage_tokens: int
    writes_well: bool


@dataclass(slots=True)
class _Course:
    """What happens to one question, collected for its trace."""

    question: Question
    scope: Scope
    cancelled: Cancelled
    began: float
    waited_s: float
    answer_id: str
    timings: dict[str, float] = field(default_factory=dict)
    trace: dict[str, object] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    packed: Packed | None = None

    def must_end(self) -> bool:
        """Say whether nothing more may be written: left, or the answer would come too late."""
        deadline_s = self.question.deadline_s
        spent_s = self.waited_s + time.perf_counter() - self.began
        is_late = spent_s > deadline_s - min(deadline_s * _MARGIN, _MARGIN_S)
        return is_late or self.cancelled()

    def lap(self, name: str, since: float) -> float:
        """Note the milliseconds since *since*; return the time now. CancelledError if left."""
        now = time.perf_counter()
        self.timings[name] = round((now - since) * 1000, 2)
        if self.cancelled():
            message = "The question was given up before it was answered."
            raise CancelledError(message)
        return now


class Answerer(AnswerSource):
    """Answers questions from what the retriever finds and the generator writes."""

    def __init__(
        self, retriever: Retriever, generator: Generator, embedder: Embedder, limits: Limits
    ) -> None:
        self._retriever = retriever
        self._generator = generator
        self._weighing = Weighing(embedder)
        self._reads_all = all(embedder.card.reads(language) for language in LANGUAGES)
        self._limits = limits
        self._conversations = Conversations()

    @override
    def answer(
        self, question: Question, scope: Scope, cancelled: Cancelled, waited_s: float
    ) -> Iterator[Event]:
        began = time.perf_counter()
        answer_id = f"ans_{secrets.token_hex(12)}"
        course = _Course(question, scope, cancelled, began, waited_s, answer_id)
        course.timings["queue"] = round(waited_s * 1000, 2)
        query = Query(question.text, question.history)
        most = self._passages(question)
        retrieval = self._retriever.search(query, scope, max(most, _SHOWN))
        now = course.lap("retrieve", began)
        # A part of the same time: what the model takes of it.
        course.timings["embed_question"] = round(retrieval.embedding_s * 1000, 2)
        yield PassagesEvent(tuple(retrieval.found))
        weighed = self._weighing.weighed(question, retrieval, most)
        now = course.lap("weigh", now)
        course.trace |= {"retrieval": dict(retrieval.trace), **weighed.told()}
        if not weighed.verdict.answerable:
            yield self._refused(course, retrieval, weighed)
            return
        written: list[Grounded] = []
        course.trace["hurried"] = self._must_hurry(question, waited_s)
        spoken = (retrieval.language, weighed.side.language)
        reads = all(self._generator.card.reads(language) for language in spoken)
        if reads and not course.trace["hurried"]:
            text = yield from self._written(course, retrieval, now)
            now = time.perf_counter()
            written = _grounded(text, weighed.evidence)
        yield self._answered(course, retrieval, weighed, written, now)

    def _passages(self, question: Question) -> int:
        """Return how many passages the question is answered from."""
        return question.passages or self._limits.passages

    def _must_hurry(self, question: Question, waited_s: float) -> bool:
        """Say whether an answer without the generator is better than one that comes too late.

        A small model's words seldom stand; who has waited long is answered by the sentences alone.
        """
        return not self._limits.writes_well and waited_s > question.deadline_s * _LONG_WAIT

    def _written(
        self, course: _Course, retrieval: Retrieval, began: float
    ) -> typing.Generator[Event, None, str]:
        """Let the generator write until it ends or the answer must be told; yields its text as it
        comes and returns the whole of it, or its whole sentences.
        """
        question = course.question
        most = min(question.sampling.max_tokens, self._generator.context_tokens // 2)
        course.question = replace(question, sampling=replace(question.sampling, max_tokens=most))
        packed = self._packed(course, retrieval)
        began = course.lap("pack", began)
        text: list[str] = []
        step = Step()
        sampling = replace(
            course.question.sampling,
            stop=(*course.question.sampling.stop, *packed.prompt.stop),
        )
        for step in self._generator.generate(packed.prompt, sampling, course.must_end):
            if "prefill" not in course.timings:
                began = course.lap("prefill", began)
            if not step.text:
                continue
            text.append(step.text)
            yield DeltaEvent(step.text)
            # A small model that has said what it was asked for only repeats itself.
            if not self._limits.writes_well and len(sentences("".join(text))) > _ENOUGH:
                break
        course.usage = Usage(step.prompt_tokens, step.completion_tokens, step.cached_tokens)
        course.lap("generate", began)
        course.trace["written"] = "".join(text)
        course.trace["hurried"] = step.finish == "cancelled"
        course.trace["finish"] = "deadline" if course.trace["hurried"] else step.finish
        return _whole_sentences("".join(text)) if course.trace["hurried"] else "".join(text)

    def _packed(self, course: _Course, retrieval: Retrieval) -> Packed:
        share = _share(course.scope)
        most = self._passages(course.question)
        material = Material(
            language=course.question.told_in(retrieval.language),
            passages=retrieval.found[:most],
            instructions=retrieval.instructions,
            share=share,
            owner=course.scope.principal,
            told=self._recalled(course, share),
        )
        packed = pack(course.question, material, self._generator, self._limits.passage_tokens)
        course.packed = packed
        course.trace["prompt"] = {
            "passages": list(packed.used),
            "left_out": list(packed.left_out),
            "text": "".join(part.text for part in packed.prompt.parts),
        }
        return packed

    def _answered(
        self,
        course: _Course,
        retrieval: Retrieval,
        weighed: Weighed,
        written: Sequence[Grounded],
        since: float,
    ) -> AnswerEvent:
        side, best = weighed.side, weighed.best
        is_own = language_of(best[0].evidence.quote) == retrieval.language
        is_told = is_own or side.language == retrieval.language
        draft = Draft(side.language, "" if is_told else _OF_OTHERS[retrieval.language])
        limits = self._weighing.choice(side).settings
        # A word, or a character of Chinese, is a token at least.
        most = min(limits["length"], course.question.sampling.max_tokens)
        limits = {**limits, "length": most}
        found = conflicts(best, limits["temperature"], side.question)
        stands = self._standing(written, best, course.question.text)
        quoted: Sequence[Evidence] = ()
        if not stands or not self._limits.writes_well:
            agreed = undisputed(best, found)
            chosen = composed(agreed, limits, side.language, [one.text for one in stands])
            per_token = _LENGTH_OF_TOKEN.get(side.language, 1.0)
            bounds = {**limits, "most_length": course.question.sampling.max_tokens * per_token}
            quoted = arranged(chosen, agreed, bounds, side.language, course.question.text)
        draft.tell(stands, quoted)
        _say_conflicts(draft, found, retrieval.language)
        draft.end()
        course.trace["conflicts"] = [_told_conflict(one) for one in found]
        course.trace["grounding"] = [
            {"text": one.text, "support": one.support, "kept": one.is_supported} for one in written
        ]
        course.lap("verify", since)
        self._remember(course, draft.text)
        answer = self._answer(course, retrieval)
        return AnswerEvent(
            replace(
                answer,
                answered=True,
                answer=draft.text,
                sentences=tuple(draft.sentences),
                citations=tuple(draft.citations),
                passages=(*retrieval.found, *_only_cited(draft, side, retrieval)),
            ),
            course.trace,
        )

    def _recalled(self, course: _Course, share: str) -> Told | None:
        """Return the conversation's layout, if all passages in it may still be read."""
        told = self._conversations.recall(share, course.question.history)
        if told is None or not self._retriever.stand(course.scope, told.passages):
            return None
        return told

    def _remember(self, course: _Course, answer: str) -> None:
        """Keep the prompt's layout for the question that may follow."""
        if course.packed is None:
            return
        asked = course.question
        turns = (*asked.history, Turn("user", asked.text), Turn("assistant", answer))
        told = continued(course.packed, answer, self._generator.card.template)
        self._conversations.remember(_share(course.scope), turns, told)

    def _standing(
        self, written: Sequence[Grounded], best: Sequence[Ranked], question: str
    ) -> list[Grounded]:
        """Return the written sentences that are taken: supported, and not said already.

        From a small model one must also restate the very sentence that answers best, and nothing
        else: taken from anywhere, its sentences cite beside the point (docs/quality.md).
        """
        stands: list[Grounded] = []
        for one in written:
            is_old = says_nothing_new(one.text, question) or is_said(
                one.text, (other.text for other in stands)
            )
            restates = one.support >= WHOLLY_SUPPORTED and one.evidence is best[0].evidence
            if one.is_supported and not is_old and (restates or self._limits.writes_well):
                stands.append(one)
        return stands

    def _refused(self, course: _Course, retrieval: Retrieval, weighed: Weighed) -> AnswerEvent:
        answer = self._answer(course, retrieval)
        language = course.question.told_in(retrieval.language)
        if greets(course.question.text):
            return AnswerEvent(replace(answer, answer=greeting(language)), course.trace)
        names = [found.passage.document_title for found in retrieval.found]
        standing = self._retriever.standing(course.scope)
        course.trace["unread"] = standing.unread
        crosses = not self._reads_all and _is_foreign(retrieval)
        closest = _closest(weighed)
        told = refusal(language, names, standing, closest=closest, crosses=crosses)
        return AnswerEvent(replace(answer, answer=told), course.trace)

    def _answer(self, course: _Course, retrieval: Retrieval) -> Answer:
        """Return the answer's frame: everything but what it says."""
        spent_s = course.waited_s + time.perf_counter() - course.began
        course.timings["total"] = round(spent_s * 1000, 2)
        return Answer(
            id=course.answer_id,
            answered=False,
            answer="",
            language=retrieval.language,
            sentences=(),
            citations=(),
            passages=tuple(retrieval.found),
            model=self._generator.card.name,
            usage=course.usage,
            timings_ms=course.timings,
            trace_id=course.answer_id,
        )


def _only_cited(draft: Draft, side: Retrieval, shown: Retrieval) -> list[Found]:
    """Return the passages that are cited, and stand too low among all to be shown with them."""
    held = {one.passage.id for one in shown.found}
    cited = {one.passage_id for one in draft.citations} - held
    return [one for one in side.found if one.passage.id in cited]


def _closest(weighed: Weighed) -> str:
    """Return the best sentence where little is missing to an answer, from a trusted text."""
    if not weighed.verdict.near:
        return ""
    best = weighed.best[0].evidence
    return "" if best.found.unverified else best.text


def _share(scope: Scope) -> str:
    """Return whose KV a prompt may share: that of prompts from the same collections."""
    return SHARE_JOINT.join(sorted(scope.segments))


def _is_foreign(retrieval: Retrieval) -> bool:
    """Say whether a passage that came near is in another language than the question."""
    return any(language_of(one.passage.text) != retrieval.language for one in retrieval.found)


def _say_conflicts(draft: Draft, found: Sequence[Conflict], language: str) -> None:
    """Let the answer say that sources disagree, and what the other one says."""
    if not found:
        return
    first = found[0]
    if not draft.cites(first.one):
        draft.say(first.one.text, first.one, 1.0)
    notices = _SAID_EARLIER if first.is_earlier else _DISAGREE
    notice = notices.get(language, notices["en"])
    notice = notice.format(title=first.other.found.passage.document_title)
    draft.say(f"{notice}{first.other.text}", first.other, 1.0)


def _told_conflict(conflict: Conflict) -> dict[str, object]:
    return {
        "passage_ids": [one.found.passage.id for one in (conflict.one, conflict.other)],
        "says": conflict.says,
        "other_says": conflict.other_says,
    }


def _whole_sentences(text: str) -> str:
    """Return what was said in whole before the writer was stopped."""
    last = sentences(text)[-1:]
    if _ENDED.search(text) or not last:
        return text
    return text[: last[0].start]


def _grounded(text: str, evidence: Sequence[Evidence]) -> list[Grounded]:
    # The model repeats the numbers of passages; footnotes are numbered by code.
    plain = _PASSAGE_NUMBER.sub("", text)
    return [ground(plain[span.start : span.end], evidence) for span in sentences(plain)]
