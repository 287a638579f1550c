"""The question inside a polite or wordy request.

"Please tell me: …", "… Answer briefly.", 请问…, …谢谢: what is said around a question is no word to
look for, and a gate that counts what passages cover must not miss it there.
"""

import re

_BEFORE = re.compile(
    r"^\s*(?:"
    r"(?:hi|hello|hey|dear \w+|good (?:morning|afternoon|evening))\b[\s,.!]*|"
    r"(?:please|kindly)\b[\s,:]*|"
    r"(?:can|could|would|will) (?:you|someone|anyone)\s+(?:please\s+|kindly\s+)?"
    r"(?=(?:tell|explain|say|let|answer|give|help|show)\b)|"
    r"(?:tell|show|remind) (?:me|us)\b(?: (?:please|briefly))?[\s,:]*(?!about\b)|"
    r"let (?:me|us) know\b[\s,:]*|"
    r"(?:i|we)(?:['’]d| would) (?:like|love) to (?:know|ask|find out)\b[\s,:]*|"
    r"(?:i|we) (?:want|need|wanted|wish) to (?:know|ask|find out)\b[\s,:]*|"
    r"(?:i|we)(?:['’]m| am|['’]re| are| was| were)? (?:wonder|wondering|curious)(?: about)?\b"
    r"[\s,:]*|"
    r"do you (?:happen to )?know\b[\s,:]*|"
    r"(?:my|a|one|quick|the|another) (?:\w+ )?question(?: is)?\s*[:,]\s*|"
    r"question\s*[:：]\s*|"
    r"(?:你好|您好|大家好|嗨)[\s,，!！。]*|"
    # 请问下年假…, but 请问下午几点….
    r"(?:麻烦|劳驾)?(?:请问|請問|请教|請教|问一下|問一下)(?:一下|"
    r"下(?![午班周週属屬载載个個一次面列级級半游发發限单單线線调調降行岗崗旬月雨]|年度|星期|礼拜|學期|学期))?[\s,，:：]*|"
    r"(?:请|請|麻烦|麻煩)?(?:你|您)?(?:能否|能不能|可以|可否|能)?"
    r"(?:(?:告诉|告訴)(?:我们|我們|我)|[跟给給](?:我们|我們|我)(?:说|說|讲|講|介绍|介紹)+)"
    r"(?:一下|说说|說說)?[\s,，:：]*|"
    r"我[们們]?(?:很)?想(?:要)?(?:知道|了解|瞭解|问|問)(?:一下)?(?:的是)?[\s,，:：]*"
    r")",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?:"
    r"(?:[\s,.;!?]+(?:please|thanks)|\s*[,.;!?]+\s*(?:thank you|cheers))\b"
    r"(?: (?:so much|very much|a lot|in advance))?[\s.!]*|"
    r"(?<=[\s.?!,;])(?:please\s+)?"
    r"(?:(?:answer|reply|respond|explain)(?: (?:me|it|this))?|keep it|be|make it)"
    r" (?:briefly|shortly|concisely|brief|short|concise|clearly|simply|"
    r"in (?:a |one |two |three |few |a few |simple |plain )*(?:short )?"
    r"(?:sentences?|words?|lines?|english|chinese|detail))[\s.!]*|"
    r"[\s,，。;；]*(?:请|請)?(?:简要|簡要|简短|簡短|简单|簡單|用一句话|用一句話|用中文|用英文)(?:地)?"
    r"(?:回答|作答|说明|說明)(?:一下)?[\s。!！]*|"
    r"[\s,，。;；?？!！]*(?:谢谢|謝謝|多谢|多謝|感谢|感謝)(?:你|您|了|大家)?[\s。!！]*"
    r")$",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[\u4e00-\u9fff]|[^\W_]+")
# What is left must still be a question.
_FEWEST_WORDS = 2
# So many are said one after the other, and one behind a question is no longer.
_MOST_COURTESIES, _LONGEST_AFTER = 12, 120


def bare_question(text: str) -> str:
    """Return *text* without the words of courtesy around it; *text* itself if little is left."""
    bare = text.strip()
    for _ in range(_MOST_COURTESIES):
        begun = _BEFORE.sub("", bare, count=1)
        end = begun[-_LONGEST_AFTER:]
        shorter = begun[: len(begun) - len(end)] + _AFTER.sub("", end, count=1)
        if shorter == bare or len(_WORDS.findall(shorter)) < _FEWEST_WORDS:
            break
        bare = shorter
    return bare.strip()
