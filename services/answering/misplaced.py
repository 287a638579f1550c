"""Sentences whose words all stand in their source, but not together: a value of another column, the
number of another thing, two names that changed places, an exception without what makes it one.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from services.language.normalize import CJK
from services.language.numbers import numbers
from services.language.table_rows import cells
from services.language.terms import CHINESE_STOP_WORDS, content_terms, stop_words, words

_CLAUSE = re.compile(r"[,;:.!?](?!\d)|[，；：。！？、\n|]|\b(?:and|or|but|while)\b|[和及与或而]")
_NUMBER = re.compile(r"(\d+(?:[.,:]\d+)*)")
_JOINED_BY = frozenset("and or & to with 和 与 及 或 跟 同".split())  # noqa: SIM905 - a text is easier to read
_EXCEPTION = re.compile(
    r"\b(?:except|unless|other than|apart from|excluding)\b(?P<behind>[^.;]*)|"
    r"除(?!了)(?P<within>[^，。；]+?)(?:之外|以外|外)(?!.{0,12}[还也])|"
    r"(?P<before>[^，。；、]+)(?:除外|不在此限)",
    re.IGNORECASE,
)
# Names that are farther apart say nothing of each other.
_APART = 6


class _Counted(NamedTuple):
    """A number with the last word before it in its clause, all words before it if it is the
    clause's first, and those behind it.
    """

    number: str
    led_by: str
    before: frozenset[str]
    behind: frozenset[str]


def is_of_another_column(said: str, header: str, row: str) -> bool:
    """Say whether *said* names columns of a table, and a value of *row* that stands in none of
    them: "closes at 12:00" where 12:00 is the time of lunch; or a number and no column at all.
    """
    terms, told = frozenset(content_terms(said)), numbers(said)
    names = [frozenset(content_terms(name)) for name in cells(header)][1:]
    first, *values = cells(row)
    named = {i for i, name in enumerate(names) if name & terms}
    known = numbers(f"{header} {first}")
    if not named:
        return not told <= known
    stands: dict[str, set[int]] = defaultdict(set)
    for i, value in enumerate(values):
        for number in (numbers(value) & told) - known:
            stands[number].add(i)
        held = frozenset(content_terms(value))
        if held and held <= terms and not numbers(value):
            stands[" ".join(sorted(held))].add(i)
    return any(not columns & named for columns in stands.values())


def is_of_another_number(said: str, source: str) -> bool:
    """Say whether what *said* counts is what *source* gives another number: "5 days of leave" of
    "26 days of leave and 5 days of training". What is counted stands behind a number, up to the
    end of the clause; in *said* it may stand before it. Nor may the last word before a number be
    that of another one: "closes at 9:00" of "opens at 9:00 and closes at 18:00".
    """
    counted = list(_counted(source))
    for one in _counted(said):
        own = [other for other in counted if other.number == one.number]
        others = [other for other in counted if other.number != one.number]
        if own and others and _is_anothers(one, own, others):
            return True
    return False


def _is_anothers(one: _Counted, own: Sequence[_Counted], others: Sequence[_Counted]) -> bool:
    """Say whether what stands beside a number belongs to one of *others* of the source, and not to
    its *own* places there.
    """
    led_by = {c.led_by for c in own}
    # What is joined with "and" has no word of its own before it.
    if "" not in led_by and one.led_by in {c.led_by for c in others} - {"", *led_by}:
        return True
    mine = frozenset().union(*(c.behind for c in own))
    theirs = frozenset().union(*(c.behind for c in others))
    if one.before & (mine - theirs):
        return False
    if one.before & (theirs - mine):
        return True
    shared = [max(len(one.behind & c.behind) for c in places) for places in (own, others)]
    return shared[1] > shared[0]


def is_an_exception(said: str, source: str) -> bool:
    """Say whether *said* tells of what *source* excepts, and does not say so: "the rule does not
    apply to rented drivers" of "it does not apply within the city, except for rented drivers".
    """
    if _EXCEPTION.search(said):
        return False
    terms = frozenset(content_terms(said))
    rest = frozenset(content_terms(_EXCEPTION.sub(" ", source)))
    excepted = (" ".join(filter(None, match.groups())) for match in _EXCEPTION.finditer(source))
    return any(terms & (frozenset(content_terms(one)) - rest) for one in excepted)


def _counted(text: str) -> Iterator[_Counted]:
    """Yield the numbers of *text* with the words beside them."""
    for clause in _CLAUSE.split(text):
        # What stands before the first number, and then each number with what stands behind it.
        first, *parts = _NUMBER.split(clause)
        led = content_terms(first)
        before = frozenset(led)
        for number, following in zip(parts[::2], parts[1::2], strict=True):
            behind = content_terms(following)
            led_by = next(iter(led[-1:]), "")
            yield _Counted(number.replace(",", ""), led_by, before, frozenset(behind))
            led, before = behind, frozenset()


def is_turned_round(said: str, source: str) -> bool:
    """Say whether two names of *said* stand in *source* the other way round, with the same words
    between them: "Bob reports to Alice" of "Alice reports to Bob".
    """
    written, held = words(said), _joined(words(source))
    for i, one in enumerate(written):
        if not _is_name(one):
            continue
        for j in range(i + 2, min(i + _APART, len(written))):
            between, other = written[i + 1 : j], written[j]
            if not _is_name(other) or other == one or not _JOINED_BY.isdisjoint(between[:1]):
                continue
            turned = _joined([other, *between, one])
            if turned in held and _joined([one, *between, other]) not in held:
                return True
    return False


def _is_name(word: str) -> bool:
    if CJK.search(word):
        return len(word) > 1 and word not in CHINESE_STOP_WORDS
    return word[:1].isupper() and word.lower() not in stop_words()


def _joined(said: Sequence[str]) -> str:
    return f"\0{chr(0).join(said)}\0"
