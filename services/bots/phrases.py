"""What bots say by themselves, in the language of the one who wrote."""

_PHRASES = {
    "searching": {"en": "Looking it up…", "zh": "正在查找…"},
    "help": {
        "en": "Ask me a question: I answer from your company's documents, with footnotes. Answer "
        "“good” or “bad” to judge my last answer; drop a file here to add it.",
        "zh": "请直接向我提问：我根据公司文档回答，并附上出处。回复“有用”或“没用”评价上一个回答；"
        "把文件发给我即可添加。",
    },
    "busy": {
        "en": "Too many questions are waiting right now: please ask again in a moment.",
        "zh": "当前提问较多，请稍后再试。",
    },
    "failed": {"en": "I cannot answer right now: {reason}", "zh": "暂时无法回答：{reason}"},
    "thanks": {"en": "Thank you, noted.", "zh": "谢谢，已记录。"},
    "noted": {"en": "Noted.", "zh": "已记录 · Noted"},
    "nothing": {
        "en": "There is no answer of mine to you here that could be judged.",
        "zh": "这里没有可以评价的回答。",
    },
    "offer": {
        "en": "Shall I add {names}? Answer “add” to put it into “{collection}”, or “add NAME” for "
        "another of: {others}.",
        "zh": "要添加{names}吗？回复“添加”放入“{collection}”，或回复“添加 名称”选择其他文档集："
        "{others}。",
    },
    "offer_one": {
        "en": "Shall I add {names} to “{collection}”? Answer “add”.",
        "zh": "要把{names}添加到“{collection}”吗？请回复“添加”。",
    },
    "may_not": {
        "en": "You may not add documents: an administrator can allow it.",
        "zh": "您没有添加文档的权限，请联系管理员。",
    },
    "may_not_here": {
        "en": "Files cannot be added from here: send them to me in a direct message.",
        "zh": "此处不能添加文档，请私信发送给我。",
    },
    "added": {
        "en": "Added to “{collection}”: {names}. It can be asked about in a moment.",
        "zh": "已添加到“{collection}”：{names}。稍后即可提问。",
    },
    "not_added": {"en": "{names} could not be added: {reason}", "zh": "{names}未能添加：{reason}"},
    "sources": {"en": "Sources", "zh": "出处"},
    "page": {"en": "page {number}", "zh": "第{number}页"},
    "unverified": {"en": "unverified", "zh": "未经核实"},
    "good": {"en": "Helpful", "zh": "有用"},
    "bad": {"en": "Not helpful", "zh": "没用"},
}
_GOOD = frozenset({"good", "helpful", "👍", "有用", "有帮助", "/good"})
_BAD = frozenset({"bad", "not helpful", "👎", "没用", "没有帮助", "/bad"})
_HELP = frozenset({"", "help", "/help", "?", "？", "帮助", "hi", "hello", "你好"})
_ADD = ("add", "添加")


def phrase(name: str, language: str, **values: object) -> str:
    """Return a phrase in *language* (English where it is not known)."""
    known = _PHRASES[name]
    return known.get(language, known["en"]).format(**values)


def thumb_of(text: str) -> bool | None:
    """Say whether a message is nothing but a thumb up (True) or down (False); None if neither."""
    said = text.strip().rstrip("!！。.").lower()
    if said in _GOOD:
        return True
    return False if said in _BAD else None


def asks_for_help(text: str) -> bool:
    """Say whether a message asks what the bot is for."""
    return text.strip().lower() in _HELP


def collection_to_add_to(text: str) -> str | None:
    """Return what follows the word for adding (maybe nothing); None where it is not said."""
    said = " ".join(text.split())
    for word in _ADD:
        rest = said[len(word) :]
        # Chinese words stand without spaces between them.
        if said.lower().startswith(word) and (not rest or rest[0] == " " or not word.isascii()):
            return rest.strip().removeprefix("到").strip('。.！! “”"')
    return None
