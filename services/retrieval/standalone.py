"""A follow-up seen with what it leans on."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.domain.answers import Turn
from services.language.identifiers import identifiers, without
from services.language.normalize import language_of
from services.language.ranges import amounts, without_amounts
from services.retrieval.leaning import leans, names_another, own_words
from services.retrieval.statements import statement_of

# Fitted on mtrag-en: what the question before and the last reply add to the question itself.
# Joining all of it into one query, or leaving it out at a change of topic, measured worse.
_WITH_ASKED = 0.3
_WITH_REPLY = 0.2
# Likewise on financebench-en: 0.54 without, 0.57 with it.
_WITH_STATEMENT = 0.2
# More of a turn is not looked for.
_TURN_CHARACTERS = 500
# A question with fewer words of its own does not stand alone.
_FEW_WORDS = 4
# So far back what a question leans on is looked for.
_MOST_TURNS = 3


@dataclass(frozen=True, slots=True)
class View:
    """One way to look for a question, and how much its scores count."""

    text: str
    weight: float


def views(text: str, history: Sequence[Turn]) -> list[View]:
    """Return the question, the question behind the one before it, and the last reply; and the
    statement that holds a figure that is asked for.
    """
    found = [View(text, 1.0)]
    history = _spoken_alike(text, history)
    asked = _asked_before(text, history)
    if asked:
        found.append(View(f"{asked} {text}", _WITH_ASKED))
    reply = _last(history, "assistant")
    if reply:
        found.append(View(reply, _WITH_REPLY))
    statement = statement_of(text)
    if statement:
        found.append(View(statement, _WITH_STATEMENT))
    return found


def standalone(text: str, history: Sequence[Turn]) -> str:
    """Return the question as the sentences of passages are measured against it: with the one
    before it, if it has few words of its own: E102 in the place of E101, if it names one.
    """
    asked = _asked_before(text, _spoken_alike(text, history))
    if not asked or len(own_words(text)) >= _FEW_WORDS:
        return text
    return f"{asked} {text}"


def speaks_across(history: Sequence[Turn], language: str) -> bool:
    """Say whether the last reply is in another language than the question's: told from documents
    in that one.
    """
    reply = _last(history, "assistant")
    return bool(reply) and language_of(reply) != language


def _asked_before(text: str, history: Sequence[Turn]) -> str:
    """Return what *text* leans on: the question before it, with those that this one leans on in
    turn. Who only names another thing (那婚假呢？) asks what was asked before of others.
    """
    asked = ""
    for turn in reversed([turn for turn in history if turn.role == "user"][-_MOST_TURNS:]):
        said = turn.content[:_TURN_CHARACTERS]
        if names_another(said) and names_another(text):
            continue
        asked = f"{_without_renamed(said, f'{asked} {text}')} {asked}".strip()
        if names_another(said) or not leans(said):
            break
    return asked


def _without_renamed(asked: str, text: str) -> str:
    """Return the question before without the codes, numbers and amounts in whose place *text* has
    others.
    """
    kinds = frozenset(kind for kind, _ in identifiers(text))
    units = amounts(text).keys() & amounts(asked).keys()
    asked = without(asked, kinds) if kinds else asked
    return without_amounts(asked, units) if units else asked


def _spoken_alike(text: str, history: Sequence[Turn]) -> Sequence[Turn]:
    """Return the turns in the language of *text*: who changes it begins anew, and words of the
    other one find nothing in the passages of this one.
    """
    language = language_of(text)
    return [turn for turn in history if language_of(turn.content) == language]


def _last(history: Sequence[Turn], role: str) -> str:
    said = next((turn.content for turn in reversed(history) if turn.role == role), "")
    return said[:_TURN_CHARACTERS]
