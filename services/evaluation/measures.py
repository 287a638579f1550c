"""What a reply is worth: normalisation and overlap as SQuAD has them, Chinese by character."""

import re
import statistics
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

import ir_measures

from services.language.normalize import CJK
from services.language.numbers import numbers
from services.language.terms import content_terms

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_WRONG = (0.01, 0.02, 0.05, 0.1, 0.2)
# A quote supports a sentence from this share of its content words on.
_SUPPORTED = 0.6
_RANKING = (ir_measures.nDCG @ 10, ir_measures.R @ 10, ir_measures.RR @ 10)


def normalised(text: str) -> str:
    """Return *text* in lower case without punctuation, symbols and English articles."""
    plain = unicodedata.normalize("NFKC", text).lower()
    kept = "".join(" " if unicodedata.category(c)[0] in "PSZC" else c for c in plain)
    return " ".join(_ARTICLES.sub(" ", kept).split())


def holds(reply: str, answers: Sequence[str]) -> bool:
    """Say whether an accepted answer stands in *reply*."""
    said = normalised(reply)
    return any(_stands(said, normalised(answer)) for answer in answers if normalised(answer))


def exact(reply: str, answers: Sequence[str]) -> bool:
    """Say whether *reply* is an accepted answer and nothing more."""
    return any(normalised(reply) == normalised(answer) for answer in answers)


def token_f1(reply: str, answers: Sequence[str]) -> float:
    """Return the best F1 of *reply* against an accepted answer, over words or characters."""
    return max((_f1(_tokens(reply), _tokens(answer)) for answer in answers), default=0.0)


def ranking(
    found: Mapping[str, Sequence[str]], relevant: Mapping[str, frozenset[str]]
) -> dict[str, float]:
    """Return nDCG@10, recall@10 and MRR@10 of ranked document ids, and the share of questions all
    of whose documents are among the first ten.
    """
    judged = {one: dict.fromkeys(ids, 1) for one, ids in relevant.items()}
    scored = {
        one: {document: float(-rank) for rank, document in enumerate(ids)}
        for one, ids in found.items()
    }
    figures = ir_measures.calc_aggregate(_RANKING, judged, scored)
    whole = [ids <= set(found.get(one, ())[:10]) for one, ids in relevant.items()]
    return {
        "ndcg@10": float(figures[_RANKING[0]]),
        "recall@10": float(figures[_RANKING[1]]),
        "mrr@10": float(figures[_RANKING[2]]),
        "all@10": statistics.mean(whole) if whole else 0.0,
    }


def supported(sentence: str, quotes: Sequence[str]) -> bool:
    """Say whether *quotes* together hold all numbers and most content words of *sentence*."""
    quoted = "\n".join(quotes)
    said = frozenset(content_terms(sentence))
    if not said or not numbers(sentence) <= numbers(quoted):
        return False
    return len(said & frozenset(content_terms(quoted))) / len(said) >= _SUPPORTED


def refusal_curve(
    answerable: Sequence[float], unanswerable: Sequence[float]
) -> list[dict[str, float]]:
    """Return, for shares of wrongly refused questions, the share of rightly refused ones if the
    gate stood there; from the gate's scores (lower is refused first).
    """
    good = sorted(answerable)
    return [
        {
            "wrongly_refused": wrong,
            "refused": statistics.mean(one < good[int(wrong * len(good))] for one in unanswerable),
        }
        for wrong in _WRONG
    ]


def _stands(said: str, answer: str) -> bool:
    if CJK.search(answer):
        return answer.replace(" ", "") in said.replace(" ", "")
    return f" {answer} " in f" {said} "


def _tokens(text: str) -> list[str]:
    plain = normalised(text)
    return list(plain.replace(" ", "")) if CJK.search(plain) else plain.split()


def _f1(said: Sequence[str], wanted: Sequence[str]) -> float:
    shared = sum((Counter(said) & Counter(wanted)).values())
    return 2 * shared / (len(said) + len(wanted)) if shared else 0.0
