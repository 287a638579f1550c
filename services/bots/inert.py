"""Text that no chat client turns into a link, a mention or markup.

Clients turn addresses in a message into links and fetch previews of them. Text of documents must
not be able to do that (L1 of docs/bar.md), so addresses are written as people write dangerous ones:
https[:]//evil[.]example.
"""

import re

from services.domain.media import KINDS
from services.language.normalize import remove_invisible

_SCHEME = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]{1,20}):(?=//)")
_OTHER_SCHEME = re.compile(
    r"\b(mailto|data|javascript|vbscript|tel|sms|file):(?=\S)", re.IGNORECASE
)
# A host's name: labels with dots between; the last one is letters only, or punycode.
_HOST = re.compile(
    r"(?<![\w.])(?:[\w-]{1,63}\.)+(?:[^\W\d_]{2,24}|xn--[\w-]{2,59})(?![\w])|"
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])"
)
# Names of files are none of hosts, but for endings that are top-level domains, too.
_FILE_ENDINGS = frozenset(KINDS) - {"md"}


def inert(text: str) -> str:
    """Return *text* with every address defanged and every invisible character removed."""
    plain, _ = remove_invisible(text)
    plain = _SCHEME.sub(r"\1[:]", plain)
    plain = _OTHER_SCHEME.sub(r"\1[:]", plain)
    return _HOST.sub(_defanged, plain)


def _defanged(match: re.Match[str]) -> str:
    host, text = match[0], match.string
    name, _, ending = host.rpartition(".")
    is_address = text[match.end() : match.end() + 1] in {"/", ":"} or (
        text[match.start() - 1 : match.start()] in {"@", "/"}
    )
    if ending.lower() in _FILE_ENDINGS and "." not in name and not is_address:
        return host
    return host.replace(".", "[.]")


def one_line(text: str, most: int) -> str:
    """Return *text* without invisible characters, on one line, cut at *most* characters."""
    plain = " ".join(remove_invisible(text)[0].split())
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"
