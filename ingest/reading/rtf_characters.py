r"""Letters of rich text that are written in an encoding of before Unicode.

Word writes Chinese as `\'d6\'d0` under the charset of its font (RTF 1.9.1, "Font Table": fcharset
134 is GB 2312), which pandoc does not know: they become `\u` escapes, which it does.
"""

import re

_ANSI = re.compile(rb"\\ansicpg(\d{3,5})")
_CHARSET = re.compile(rb"\\fcharset(\d{1,3})")
# Bytes behind a `\u` escape stand in its place, for readers that know none.
_RUN = re.compile(rb"(\\u-?\d{1,5} ?(?:\\'[0-9a-fA-F]{2}){1,2})|(?:\\'[0-9a-fA-F]{2})+")
_BYTE = re.compile(rb"\\'([0-9a-fA-F]{2})")
_ENCODINGS = {b"134": "gb18030", b"136": "big5hkscs", b"128": "cp932", b"129": "cp949"}
_PAGES = {b"936": "gb18030", b"950": "big5hkscs", b"932": "cp932", b"949": "cp949"}


def in_unicode(data: bytes) -> bytes:
    """Return rich text with letters of East Asian encodings as Unicode escapes."""
    named = _ANSI.search(data)
    charsets = [one for one in _CHARSET.findall(data) if one in _ENCODINGS]
    encoding = _PAGES.get(named[1]) if named else None
    encoding = encoding or (_ENCODINGS[charsets[0]] if charsets else None)
    if encoding is None:
        return data
    return _RUN.sub(lambda match: match[1] or _escaped(match[0], encoding), data)


def _escaped(run: bytes, encoding: str) -> bytes:
    letters = bytes(int(byte, 16) for byte in _BYTE.findall(run))
    try:
        units = letters.decode(encoding).encode("utf-16-le")
    except UnicodeDecodeError:
        return run
    places = range(0, len(units), 2)
    values = (int.from_bytes(units[at : at + 2], "little", signed=True) for at in places)
    # Nothing stands in their place: pandoc would take more than that for it.
    return b"{\\uc0%s}" % b"".join(b"\\u%d" % value for value in values)
