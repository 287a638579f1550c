"""What is said when the documents do not hold the answer."""

_WORDS = {
    "en": "The documents do not answer this question.",
    "zh": "文档中没有这个问题的答案。",
}
_NEAREST = {
    "en": " The nearest passages are in: {names}.",
    "zh": "最接近的内容在：{names}。",
}
_JOINT = {"en": ", ", "zh": "、"}
_MOST_NAMES = 3


def refusal(language: str, names: list[str]) -> str:
    """Return the refusal in *language*, with the documents that came nearest."""
    known = language if language in _WORDS else "en"
    told = list(dict.fromkeys(filter(None, names)))[:_MOST_NAMES]
    nearest = _NEAREST[known].format(names=_JOINT[known].join(told)) if told else ""
    return _WORDS[known] + nearest
