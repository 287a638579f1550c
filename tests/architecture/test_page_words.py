"""The page says everything in both languages."""

import json
import re
from pathlib import Path

from services.api.errors import _CODE_OF
from services.domain import errors

ROOT = Path(__file__).parents[2]
WEB = ROOT / "services" / "web"
_CODE = re.compile(
    r"""(?:UnreadableError|Failure|error_body)\(\s*"(\w+)"|"code": "(\w+)", "message\""""
)


def names_of(text: str) -> set[str]:
    return set(re.findall(r"(?:^|[{,]) *(\w+): (?:[A-Z\"])", text, re.MULTILINE))


def test_every_word_is_there_in_both_languages() -> None:
    for file in ("assets/words.js", "widget.js"):
        text = (WEB / file).read_text(encoding="utf-8")
        english, chinese = (
            re.split(r"^ +\},", part, maxsplit=1, flags=re.MULTILINE)[0]
            for part in re.split(r"^ +(?:en|zh): \{", text, flags=re.MULTILINE)[1:]
        )
        told = names_of(english), names_of(chinese)
        assert len(told[0]) > 10
        assert told[0] <= told[1], file


def test_every_reason_is_told_in_chinese() -> None:
    codes = {
        one.code
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, errors.HouseError)
    }
    for room in ("services", "ingest"):
        for file in (ROOT / room).rglob("*.py"):
            found = _CODE.findall(file.read_text(encoding="utf-8"))
            codes |= {code for pair in found for code in pair if code}
    codes |= set(_CODE_OF.values())
    assert {"busy", "encrypted", "internal", "reader_died"} <= codes

    table = json.loads((WEB / "assets" / "reasons.json").read_text(encoding="utf-8"))

    assert codes - table.keys() == {"server_error"}
