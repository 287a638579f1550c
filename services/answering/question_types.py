"""What kind of thing a question asks for, and whether a text holds one of that kind."""

import re
from collections.abc import Iterable

from services.language.table_rows import YEAR
from services.language.terms import content_terms

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_ASKED = {
    "en": (
        (
            "who",
            r"\b(?:who|whom|whose)\b|\b(?:what|which) (?:\w+ )?(?:person|people|leader|king|author)\b",
        ),
        (
            "when",
            r"\bwhen\b|\b(?:what|which) (?:\w+ )?(?:year|date|day|month|century|decade|time|era|period)\b|how long ago",
        ),
        (
            "number",
            (
                r"\bhow (?:many|much|long|old|far|tall|big|large|high|often|deep|fast|wide)\b|"
                r"\bwhat (?:\w+ )?(?:number|percent|percentage|amount|population|size|total|cost|price|rate|ratio|value)\b"
            ),
        ),
        (
            "where",
            (
                r"\bwhere\b|\b(?:what|which) (?:\w+ )?(?:country|city|place|region|state|location|area|island|continent|"
                r"river|town|county|province)\b"
            ),
        ),
        ("why", r"\bwhy\b|\breasons?\b|\bcauses?d?\b|\bpurpose\b"),
    ),
    "zh": (
        ("who", r"谁|何人|哪一?位|什么人|哪个人|哪些人"),
        (
            "when",
            r"何时|什么时[候间]|哪一?个?[年天月日]|几年|几月|(?<!多长)(?<!多长的)(?<!多少)时间|日期|哪个?(?:时期|年代|世纪|朝代)|何年|年份",
        ),
        ("rank", r"第几|第多少"),
        ("number", r"多少|几[^乎]|多[大长高远久重深宽快]|数量|人口|比例|面积"),
        (
            "where",
            r"哪[里]|何处|何地|哪个?(?:国|省|市|县|城|地|区|州|岛|洲|镇|村)|什么地[方区]|位于|在哪",
        ),
        ("why", r"为什么|为何|原因|何故|因何|怎么会"),
    ),
}
_CLOCK = r"\b\d{1,2}:\d\d\b|\b\d{1,2} ?(?i:a\.?m|p\.?m)\b|(?i:\b(?:noon|midnight|o['’]clock)\b)"
_CLOCK_ZH = r"\d{1,2}[:：]\d\d|[\d二三四五六七八九十两]\s?[点时](?!间)|[上下中]午|凌晨"
_HOURS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
# Not 有几点建议: some points.
_ASKS_CLOCK = re.compile(
    r"\b(?:what|which) (?:time|hour)\b"
    r"(?! ?(?:frames?|periods?|zones?|spans?|limits?|intervals?|slots?|off|of (?:the )?year)\b)|"
    r"(?:早上|上午|中午|下午|晚上|每天|从|到)几点|几点(?:钟|半|[开关上下起睡到结才打供出营截锁之以前后])",
    re.IGNORECASE,
)
_ASKS_STEPS = re.compile(
    r"\bhow (?:do|does|can|could|should|must|would|to|is|are)\b|\b(?:steps?|procedures?|process|instructions?)\b|"
    r"步骤|流程|程序|如何|怎[么样](?!样的?人)|做法|操作方法",
    re.IGNORECASE,
)
_ASKS_ALL = re.compile(
    r"哪些|有什么|都有|全部|所有|列出|\b(?:which|what) (?:\w+ )?\w+s (?:are|do|have|were|can|must|need)\b|"
    r"\b(?:list|all)\b",
    re.IGNORECASE,
)
_ASKS_YES = re.compile(
    r"^(?:(?:and|but|so|then),? )?(?:is|are|was|were|do|does|did|can|could|may|must|should|shall|will|would|has|have|had|am)\b|"
    r"吗|是否|是不是|能否|可否|有没有|(.)不\1|要不要",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"\bhow (?:often|long|much|many|far|old|high|fast|soon)\b|\b(?:happens?|still|currently|exactly|means?|meaning)\b|"
    r"(?<=\bphone )numbers?\b|(?<=\bmobile )numbers?\b|"
    r"\b(?:must|should|has to|have to|needs? to|to) be done\b|\bwhat now\b|"
    r"\b(?:version|release|week|day|step|article|clause|section|chapter|(?:fault |error )?codes?|error|fault|"
    r"number|no\.?|level|class|grade|zone|page|item|order|model|phase|stage) (?=[A-Za-z]{0,4}[-.]?\d)",
    re.IGNORECASE,
)
_OF = r"(?: is| are|'s|’s)?(?: the| his| her| their| its| your| our| \w+(?:['’]s)?){0,4}"
# What is asked for by its form, and whatever may be one: it is for refusing where there is none.
_FORMS = (
    (
        re.compile(
            r"(?<!第)几[号日](?!线|楼|库|车间|门|机)|哪一?[天日]|几月几|什么日[期子]|\b(?:what|which) (?:day|date)\b",
            re.IGNORECASE,
        ),
        re.compile(
            rf"\d ?[日号月]|[一二三四五六七八九十] ?[日号月]|\d{{4}}[-./]\d|\d[-./]\d|星期|周[一二三四五六日末]|礼拜|月底|月初|年底|"
            rf"节|\b(?i:{_MONTH})\b|\b\d{{1,2}}(?:st|nd|rd|th)\b|(?i:day)",
        ),
    ),
    (
        re.compile(
            rf"\bwhat{_OF} (?:tele)?phone(?: number)?\b|(?:电话|手机|座机|分机|热线)(?:号码?)?(?:是(?:多少|什么|几)|多少|呢?[?？]?$)",
            re.IGNORECASE,
        ),
        re.compile(r"\d[\d ()/.-]*\d[\d ()/.-]*\d"),
    ),
    (
        re.compile(
            rf"\bwhat{_OF} e-?mail(?: address)?\b|(?:邮箱|电子邮件|邮件地址|电邮)(?:地址)?(?:是(?:多少|什么)|呢?[?？]?$)",
            re.IGNORECASE,
        ),
        re.compile("@"),
    ),
)
# Whatever may be one: it is for refusing where there is surely none.
_HOLDS_CLOCK = re.compile(
    rf"{_CLOCK}|{_CLOCK_ZH}|\b\d{{1,2}}\.\d\d\b|\b\d{{1,2}} ?(?:h|hrs?|hours?|uhr)\b|小时|全天|"
    rf"\b(?:{_HOURS})\b|\ball day\b|\bround the clock\b",
    re.IGNORECASE,
)
_HELD = {
    "en": {
        "who": r"\b[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)*",
        "when": (
            rf"{_CLOCK}|"
            rf"\b1\d{{3}}s?\b|\b20\d\d\b|\b\d{{3}}\b(?= (?:AD|BC|CE))|(?i:\b{_MONTH}\b)|"
            r"\b\d+(?:st|nd|rd|th) centur|(?i:centur(?:y|ies)|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|decade)"
        ),
        "number": (
            r"\d+(?:[.,]\d+)*|(?i:\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|"
            r"thirty|forty|fifty|hundred|thousand|million|billion|half|third|quarter|dozen|once|twice|percent)\b)"
        ),
        "where": (
            r"\b(?:in|at|near|from|to|of|into|across|through) (?:the )?(?:\w+ern )?[A-Z][\w'’-]+|"
            r"(?i:\b(?:located|island|river|city|county|province|state)\b)"
        ),
        "why": (
            r"(?i:\b(?:because|due to|since|in order to|so that|therefore|as a result|result(?:ed|s)?|led to|"
            r"caused?|reasons?)\b)"
        ),
    },
    "zh": {
        "who": (
            r"[\u4e00-\u9fff]{1,8}[·‧•．][\u4e00-\u9fff]{1,8}|[\u4e00-\u9fff](?:先生|女士|教授|博士|总统|国王|皇帝|将军|导演|主席|公司|大学)|"
            r"[王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范石廖"
            r"贾夏韦傅方白邹孟熊秦邱江尹薛段雷侯龙史陶黎贺顾毛郝龚邵万钱严武戴莫孔向汤][\u4e00-\u9fff]{1,2}"
        ),
        "when": rf"{_CLOCK_ZH}|星期[一二三四五六日天]|周[一二三四五六日末](?![次天个])|"
        r"(?:\d{1,4}|[一二三四五六七八九十〇零]{2,4})\s*年|\d{1,2}\s*月|世纪|年代|时期|[春夏秋冬]季|朝|年间|初年|末年|同年|翌年",
        "number": (
            r"\d+(?:[.,]\d+)*|(?<![万同统])[一二三四五六七八九十百千万亿两零〇半]+"
            r"(?=[个名人次年月日天周元米公里座只种条位层部家万亿%％岁场匹支枚级辆颗届度间艘架本首集区项英平吨所倍秒]|分(?=[，。；、钟之]|$)|小时|星期|"
            r"美元|欧元)|[二三四五六七八九十两]+(?=点)"
        ),
        "rank": r"第\s*[\d一二三四五六七八九十百千]|[冠亚季殿]军|倒数|末位",
        "where": r"位于|[省市县区州国岛镇村路街山河江湖海洲港站](?![家人民])|地区",
        "why": r"因[为此]|由于|所以|原因|导致|为了|使得|因而|故",
    },
}
# A rank is no quantity: 第三天, 第 3、4 天.
_ORDINAL = re.compile(r"第\s*[\d一二三四五六七八九十百千万零〇两]+(?:[,，、~至到-]\s*\d+)*")
_ASKED_COMPILED = {
    language: [(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in kinds]
    for language, kinds in _ASKED.items()
}
_HELD_COMPILED = {
    language: {name: re.compile(pattern) for name, pattern in kinds.items()}
    for language, kinds in _HELD.items()
}


# Who compares wants what stands beside, too, and who asks about several years those between.
_COMPARES = re.compile(
    r"\b(?:chang|increas|decreas|gr[eo]w|rise|rose|fall|fell|declin|improv|compar|prior|previous|last"
    r"|preceding|year[- ](?:over|on)|yoy|trend|differ|versus|vs\b|than\b|average|since|between|ratio"
    r"|higher|lower|more|less|to\b|through\b|until\b|each\b)|\d ?年?\s?[-–—~～/]\s?\d|增|减|变|比|上年|去年|上期|同期|趋势|差|平均|以来|之间|(?<!截)至|到",
    re.IGNORECASE,
)


def years_asked(question: str) -> frozenset[str]:
    """Return the years that a question asks about; none where it compares."""
    return frozenset() if _COMPARES.search(question) else frozenset(YEAR.findall(question))


def asks_for_steps(question: str) -> bool:
    """Say whether a way of doing something is asked for, in either language."""
    return _ASKS_STEPS.search(question) is not None


def asks_for_all(question: str) -> bool:
    """Say whether all of several things are asked for, in either language."""
    return _ASKS_ALL.search(question) is not None


def asks_yes_or_no(question: str) -> bool:
    """Say whether a question is answered by yes or no, in either language."""
    return _ASKS_YES.search(question) is not None


def asks_for_clock(question: str) -> bool:
    """Say whether a time of day is asked for: 几点, "what time". *question* in Simplified."""
    return _ASKS_CLOCK.search(question) is not None


def holds_clock(text: str) -> bool:
    """Say whether *text* holds a time of day, in either language."""
    return _HOLDS_CLOCK.search(text) is not None


def asking_terms(question: str) -> frozenset[str]:
    """Return the terms of an English question that only ask (how often, what happens if, phone
    number), or say what the number behind them is (fault code E23, version 5.2, week 4).
    """
    told = " ".join(match[0] for match in _ASKING.finditer(question))
    return frozenset(content_terms(told))


def lacks_form(question: str, texts: Iterable[str]) -> bool:
    """Say whether a day, a telephone number or an e-mail address is asked for and none of *texts*
    holds one. *question* and *texts* in Simplified.
    """
    held = list(texts)
    return any(
        asks.search(question) is not None and not any(map(holds.search, held))
        for asks, holds in _FORMS
    )


def asked_type(question: str, language: str) -> str:
    """Return `who`, `when`, `number`, `rank`, `where`, `why`, or `other` where nothing definite is
    asked.

    *question* in Simplified characters.
    """
    for name, pattern in _ASKED_COMPILED[language]:
        if pattern.search(question):
            return name
    return "other"


def holds_type(text: str, kind: str, language: str) -> bool | None:
    """Say whether *text* holds a thing of *kind*; None where no definite thing is asked for."""
    pattern = _HELD_COMPILED[language].get(kind)
    if (language, kind) == ("zh", "number"):
        text = _ORDINAL.sub(" ", text)
    return None if pattern is None else pattern.search(text) is not None
