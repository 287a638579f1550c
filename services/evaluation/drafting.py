"""Questions drafted from a collection, for a person to correct."""

import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.evaluation.placing import Service
from services.language.normalize import language_of
from services.language.sentences import sentences
from services.language.terms import content_terms, words

# A sentence worth asking about: not a heading, not half a page.
_LENGTHS = {"en": (40, 300), "zh": (12, 120)}
_TEMPLATE = {
    "en": 'What does "{title}" say about {topic}?',
    "zh": "《{title}》里关于{topic}是怎么说的？",
}
_JOINT = {"en": " and ", "zh": "和"}
_TOPIC_WORDS = 2
_DOCUMENTS = 500
_SEED = 7
# Every so many questions one whose answer is not there: the topic of one document, asked of
# another that does not speak of it.
_UNANSWERABLE_EVERY = 5
_EXTENSION = re.compile(r"\.\w{1,5}$")


@dataclass(frozen=True, slots=True)
class _Text:
    name: str
    source_id: str
    text: str
    terms: frozenset[str]

    @property
    def title(self) -> str:
        return _EXTENSION.sub("", self.name.rpartition("/")[2])


def drafted(
    service: Service, documents: Iterable[Mapping[str, Any]], count: int
) -> list[dict[str, Any]]:
    """Return up to *count* questions about *documents*, as rows of a file of questions.

    They name two rare words of one sentence each, which stands as the accepted answer.
    """
    texts = [_read(service, one) for one, _ in zip(documents, range(_DOCUMENTS), strict=False)]
    often = Counter(term for one in texts for term in one.terms)
    drawn = random.Random(_SEED)  # noqa: S311 - a sample, no secret
    drawn.shuffle(texts)
    rows: list[dict[str, Any]] = []
    # Round after round over the documents, a sentence of each, until there are enough.
    pools = [(one, _worth_asking(one.text, drawn)) for one in texts]
    while len(rows) < count and any(pool for _, pool in pools):
        for at, (one, pool) in enumerate(pools):
            if not pool or len(rows) >= count:
                continue
            sentence = pool.pop()
            topic = _topic(sentence, often, len(texts))
            other = pools[(at + 1) % len(pools)][0]
            if topic:
                rows.append(_row(len(rows) + 1, one, other, sentence, topic))
    return rows


def _read(service: Service, document: Mapping[str, Any]) -> _Text:
    text = service.text(document["id"])
    return _Text(document["name"], document["source_id"], text, frozenset(content_terms(text)))


def _worth_asking(text: str, drawn: random.Random) -> list[str]:
    found = []
    for span in sentences(text):
        sentence = text[span.start : span.end]
        least, most = _LENGTHS[language_of(sentence)]
        if least <= len(sentence) <= most and "|" not in sentence:
            found.append(" ".join(sentence.split()))
    drawn.shuffle(found)
    return found


def _topic(sentence: str, often: Counter[str], documents: int) -> list[str]:
    """Return the rarest words of a sentence as they stand in it, in its order."""

    def rarity(word: str) -> float:
        held = [often[term] for term in content_terms(word)]
        return math.log((1 + documents) / (1 + max(held))) if held else -1.0

    known = [word for word in dict.fromkeys(words(sentence)) if len(word) > 1]
    rare = sorted(known, key=lambda word: -rarity(word))[:_TOPIC_WORDS]
    return [word for word in known if word in rare]


def _row(
    number: int, one: _Text, other: _Text, sentence: str, topic: Sequence[str]
) -> dict[str, Any]:
    language = language_of(sentence)
    terms = frozenset(content_terms(" ".join(topic)))
    unanswerable = number % _UNANSWERABLE_EVERY == 0 and not terms & other.terms
    title = other.title if unanswerable else one.title
    text = _TEMPLATE[language].format(title=title, topic=_JOINT[language].join(topic))
    return {
        "id": str(number),
        "text": text,
        "lang": language,
        "answers": [] if unanswerable else [sentence],
        "answerable": not unanswerable,
        "relevant": [] if unanswerable else [one.source_id or one.name],
        "draft": True,
    }
