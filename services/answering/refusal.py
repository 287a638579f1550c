"""What is said when the documents do not hold the answer."""

import re

from services.domain.documents import Standing

_WORDS = {
    "en": "The documents do not answer this question.",
    "zh": "文档中没有这个问题的答案。",
}
_NEAREST = {
    "en": " The nearest passages are in: {names}.",
    "zh": "最接近的内容在：{names}。",
}
_JOINT = {"en": ", ", "zh": "、"}
# A question in one language cannot find texts in the other by meaning, unless a model reads both.
_ONE_LANGUAGE = {
    "en": " Texts in other languages are found by a dictionary only: the loaded embedding "
    "model does not read both.",
    "zh": "其他语言的文本只能借助词典找到：当前的嵌入模型不能同时读懂两种语言。",
}
_MOST_NAMES = 3
# Shown with them where little is missing: the judgement is left to who asks.
_CLOSEST = {
    "en": " What comes closest: “{sentence}”",
    "zh": "最接近的一句：“{sentence}”",
}
_LONGEST_SENTENCE = 300
# Why there was nothing to find: said in place of what came nearest.
_NO_RIGHTS = {
    "en": " There is no collection here that you may ask: an admin can give you a role in one.",
    "zh": "这里没有您可以查询的集合：请让管理员授予您角色。",
}
_NONE_READY = {
    "en": " There are no documents to ask yet.",
    "zh": "目前还没有可以查询的文档。",
}
# What may yet be found.
_UNREAD = {
    "en": " Documents that are still being read: {count}. Ask again when they are ready.",
    "zh": "还有 {count} 份文档正在读取，读完后请再问一次。",
}


# Said to who only greets or thanks.
_GREETING = {
    "en": "Hello! Ask a question about your documents, and it is answered with footnotes to them.",
    "zh": "您好！请提出与文档有关的问题，回答会附上出处。",
}
_GREETS = re.compile(
    r"(?:hi|hello|hey|good (?:morning|afternoon|evening)|thanks?|thank you|thx|bye|你好|您好|"
    r"大家好|嗨|哈喽|在吗|在不在|谢谢|多谢|感谢|再见|早上好|下午好|晚上好|早)"
    r"(?: (?:there|all|everybody|so much|very much|a lot)|[啊呀呢吗了您你大家]+)?"
    r"[\s!！.。~～?？,，]*",
    re.IGNORECASE,
)


def greets(question: str) -> bool:
    """Say whether a question only greets or thanks."""
    return _GREETS.fullmatch(question.strip()) is not None


def greeting(language: str) -> str:
    """Return what is said to who only greets."""
    return _GREETING[language if language in _GREETING else "en"]


def refusal(
    language: str,
    names: list[str],
    standing: Standing,
    *,
    closest: str = "",
    crosses: bool = False,
) -> str:
    """Return the refusal in *language*, with the documents that came nearest and the *closest*
    sentence, or why there are none; *crosses* says that they are in another language, which the
    models cannot compare with the question's.
    """
    known = language if language in _WORDS else "en"
    if not standing.may_ask:
        return _WORDS[known] + _NO_RIGHTS[known]
    told = list(dict.fromkeys(filter(None, names)))[:_MOST_NAMES]
    nearest = _NEAREST[known].format(names=_JOINT[known].join(told)) if told else ""
    if not (standing.has_ready or standing.unread):
        nearest = _NONE_READY[known]
    if closest and len(closest) <= _LONGEST_SENTENCE:
        nearest += _CLOSEST[known].format(sentence=closest)
    unread = _UNREAD[known].format(count=standing.unread) if standing.unread else ""
    return _WORDS[known] + nearest + (_ONE_LANGUAGE[known] if crosses else "") + unread
