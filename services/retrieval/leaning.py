"""Whether a follow-up stands alone, or leans on what was spoken of before."""

import re

from services.language.normalize import folded, language_of
from services.language.terms import CHINESE_STOP_WORDS, content_terms, without_asking, words

# Words of its own by which a question stands alone.
_TELLING = 2
# What is asked for of whatever was spoken of.
_OF_MANY_THINGS = frozenset(
    """
    day week month year hour long last cost price time number document paper proof form need requir
    necessari appli applic step process condit reason except exampl name phone mail address person
    respons contact deadlin amount limit detail approv sign pay ask advanc
    天 日 周 月 年 小时 分钟 元 钱 万 千 人 需要 要 申请 办理 提供 提交 使用 做 应该 可以 材料 资料
    证明 手续 流程 步骤 条件 要求 标准 时间 期限 费用 价格 金额 原因 例外 名字 姓名 电话 手机号 邮箱
    地址 联系人 负责人 负责 部门 上限 比例 方式 方法 区别 注意事项 提前 之内 以内 之前 之后 内 前
    后 批 审批 批准 签字 找 交 付
    """.split()  # noqa: SIM905 - a text is easier to read and to add to
)
# What a follow-up begins with, and says nothing of what it asks: 那, but not 那个 (that one).
_OPENING = re.compile(
    r"^(?:(?:and|but|so|then|also|ok|okay|well|now|thanks|thank you|great|fine|good|alright|"
    r"all right|one more(?: thing| question)?|another question)\b[\s,.!:–—-]*|"
    r"(?:那(?![个些边种里位家台次年天时样儿])么?|还有|另外|好的?(?![处坏])|嗯|谢谢|多谢|然后|对了|以及|"
    r"再问一下|顺便问一下|请问)[\s,，。!！、:：]*)+"
)
_LEANS = re.compile(
    r"^(?:or|what about|how about|what if|for|from|in|on|at|with|without|to|"
    r"during|after|before|if|only|why|really|else|more|other|another|others)\b|"
    r"\b(?:it|its|they|them|their|he|him|his|she|her|this|that|these|those|there|then|one|ones|"
    r"else|same|former|latter|instead|too|both)\b|"
    r"^(?:如果|要是|其中|或者|可是|但|再|继续|为什么|之后|具体|详细)|"
    r"呢[?？]?$|[它他她这那其]|该|上述|前者|后者|同样|此|刚才|上面|也"
)
# Only names what is asked about now: "what about interns?", "how long for interns?", 实习生呢？
_ASKS = re.compile(
    r"\b(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|can|could|may|"
    r"must|should|shall|will|would|has|have|had)\b|"
    r"什么|哪|谁|何|多少|多[久长大高远重快]|几|怎|如何|是否|吗|能不能|可不可以|要不要|是不是|有没有"
)
_ELLIPTICAL = re.compile(
    r"^(?:what|how) (?:about|if)\b|"
    r"^(?:how (?:long|much|many|often|far|soon|high|old)|who|what|when|where) "
    r"(?:for|in|on|at|with|without|from|by|after|before|during|as)\b"
)


def bare(text: str) -> str:
    """Return a question, folded, without the words that only open it (and, 那, 另外)."""
    plain = folded(text).strip()
    return _OPENING.sub("", plain) or plain


def own_words(text: str) -> frozenset[str]:
    """Return the words that carry meaning; of Chinese those of the dictionary, whose terms are
    pairs of characters too.
    """
    if language_of(text) == "en":
        return frozenset(content_terms(text))
    return frozenset(words(without_asking(folded(text)))) - CHINESE_STOP_WORDS


def telling_words(text: str) -> frozenset[str]:
    """Return the words of its own that say of what a follow-up speaks; no numbers."""
    own = own_words(bare(text)) - _OF_MANY_THINGS
    return frozenset(word for word in own if not any(map(str.isdigit, word)))


def leans(text: str) -> bool:
    """Say whether a follow-up goes on from what was said before: by a word that says so ("and for
    interns?", "how long does it last?", 那实习生呢？, 它多少钱？), as a single word, or because it
    only asks for what many things have ("which documents are needed?", 需要什么证明？).
    """
    own = own_words(bare(text))
    return _points_back(text) or len(own) < _TELLING or own <= _OF_MANY_THINGS


def names_another(text: str) -> bool:
    """Say whether a follow-up only names another thing, and leaves what it asks to the question
    before: "what about interns?", "how long for interns?" or 那实习生呢？.
    """
    plain = bare(text)
    is_elliptical = _ELLIPTICAL.search(plain) is not None or _ASKS.search(plain) is None
    return is_elliptical and bool(telling_words(text))


def asks_of_one(text: str) -> bool:
    """Say whether a Chinese follow-up says of what it speaks in a single word: 试用期多长？.

    An English one has two, and stands alone (how long is probation?), or asks of what was spoken
    of (counting from when?).
    """
    return language_of(text) == "zh" and len(telling_words(text)) == 1 and not _points_back(text)


def _points_back(text: str) -> bool:
    return _LEANS.search(bare(text)) is not None
