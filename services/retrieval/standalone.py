"""A follow-up seen with what it leans on."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.domain.answers import Turn
from services.language.identifiers import identifiers, without
from services.language.normalize import folded, language_of
from services.language.terms import CHINESE_STOP_WORDS, content_terms, without_asking, words
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
_TELLING = 2
# What is asked for of whatever was spoken of.
_OF_MANY_THINGS = frozenset(
    """
    day week month hour long last cost price time number document paper proof form need requir
    necessari appli applic step process condit reason except exampl name phone mail address person
    respons contact deadlin amount limit detail
    天 日 周 月 小时 分钟 元 钱 人 需要 要 申请 办理 提供 提交 使用 做 应该 可以 材料 资料
    证明 手续 流程 步骤 条件 要求 标准 时间 期限 费用 价格 金额 原因 例外 名字 姓名 电话 手机号 邮箱
    地址 联系人 负责人 负责 部门 上限 比例 方式 方法 区别 注意事项
    """.split()  # noqa: SIM905 - a text is easier to read and to add to
)
_LEANS = re.compile(
    r"^(?:and|or|but|so|then|also|what about|how about|what if|for|from|in|on|at|with|without|to|"
    r"during|after|before|if|only|why|really|else|more|other|another|others)\b|"
    r"\b(?:it|its|they|them|their|he|him|his|she|her|this|that|these|those|there|then|one|ones|"
    r"else|same|former|latter|instead|too|both)\b|"
    r"^(?:那|如果|要是|还有|另外|以及|其中|或者|可是|但|再|继续|为什么|然后|之后|具体|详细)|"
    r"呢[?？]?$|[它他她这那其]|该|上述|前者|后者|同样|此|刚才|上面|也"
)


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
    asked = _without_renamed(_last(history, "user"), text)
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
    asked = _last(_spoken_alike(text, history), "user")
    if not asked or len(_own_words(text)) >= _FEW_WORDS:
        return text
    return f"{_without_renamed(asked, text)} {text}"


def leans(text: str) -> bool:
    """Say whether a follow-up goes on from what was said before: by a word that says so ("and for
    interns?", "how long does it last?", 那实习生呢？, 它多少钱？), as a single word, or because it
    only asks for what many things have ("which documents are needed?", 需要什么证明？).
    """
    own = _own_words(text)
    return (
        _LEANS.search(folded(text).strip()) is not None
        or len(own) < _TELLING
        or own <= _OF_MANY_THINGS
    )


def _without_renamed(asked: str, text: str) -> str:
    """Return the question before without the codes and numbers in whose place *text* has others."""
    kinds = frozenset(kind for kind, _ in identifiers(text))
    return without(asked, kinds) if kinds else asked


def _own_words(text: str) -> frozenset[str]:
    """Return the words that carry meaning; of Chinese those of the dictionary, whose terms are
    pairs of characters too.
    """
    if language_of(text) == "en":
        return frozenset(content_terms(text))
    return frozenset(words(without_asking(folded(text)))) - CHINESE_STOP_WORDS


def _spoken_alike(text: str, history: Sequence[Turn]) -> Sequence[Turn]:
    """Return the turns in the language of *text*: who changes it begins anew, and words of the
    other one find nothing in the passages of this one.
    """
    language = language_of(text)
    return [turn for turn in history if language_of(turn.content) == language]


def _last(history: Sequence[Turn], role: str) -> str:
    said = next((turn.content for turn in reversed(history) if turn.role == role), "")
    return said[:_TURN_CHARACTERS]
