"""Chinese text word by word in English, for an embedder that reads no Chinese."""

import functools
import re

from services.language.bilingual import dictionary, key_of
from services.language.normalize import CJK, folded
from services.language.numerals import numeral
from services.language.terms import CHINESE_STOP_WORDS, words
from services.language.translation import joined_words, known_parts

# What office and technical texts mean by words that the dictionary explains otherwise first.
_MEANINGS = """
月 month;日 day;元 yuan;时 time;分 minute;周 week;名 person;台 unit;度 degree;号 number;条 article;
次 time;后 after;前 before;应 shall;不 not;没有 no;密码 password;登录 log in;配置 configure;
部署 deploy;默认 default;端口 port;集群 cluster;请假 ask for leave;培训 training;运行 run;
服务 service;申请 apply;必须 must;一次 once;权限 permission;内 within;级 level;点 o'clock;
两 two;以上 or more;以下 or less;至少 at least;发布 publish;问题 problem;超过 more than
"""
_MEANT = dict(one.strip().split(" ", 1) for one in _MEANINGS.split(";"))
# 十天, 90天, 两周.
_COUNTED = re.compile(r"([\d.,]+|[零〇一二两三四五六七八九十百千万亿]+)(\D*)")
# Of a firm's words about as many as a person knows.
_KEPT = 1 << 16


def glossed(text: str) -> str:
    """Return what each word of a Chinese *text* means first, in their order: 员工每年有十天年假
    as "staff every year 10 day annual leave". Other words stay as they are; those that only hold a
    sentence together go, and those that the dictionary (CC-CEDICT) does not know.
    """
    said = joined_words(words(folded(text)), dictionary())
    return " ".join(filter(None, map(_gloss, said)))


@functools.lru_cache(_KEPT)
def _gloss(word: str) -> str:
    if not CJK.search(word):
        return word
    if word in CHINESE_STOP_WORDS:
        return ""
    if meaning := _meaning(word):
        return meaning
    if counted := _COUNTED.fullmatch(word):
        return f"{numeral(counted[1]) or counted[1]} {_gloss(counted[2])}".strip()
    return " ".join(filter(None, map(_meaning, known_parts(word, dictionary()))))


def _meaning(word: str) -> str:
    if word in _MEANT:
        return _MEANT[word]
    told = (one.removeprefix("to ") for one in dictionary().in_english(word))
    return next((one for one in told if key_of(one)), "")
