"""Text that no chat client turns into a link, a mention or markup.

Clients turn addresses in a message into links and fetch previews of them. Text of documents must
not be able to do that (L1 of docs/bar.md), so addresses are written as people write dangerous ones:
https[:]//evil[.]example.
"""

import re

from services.domain.media import KINDS
from services.language.normalize import remove_invisible

# Clients look for ASCII only: what stands beside an address may be Chinese, or a digit after it.
_SCHEME = re.compile(r":(?=//)")
_OTHER_SCHEME = re.compile(
    r"(?<![A-Za-z0-9])(mailto|data|javascript|vbscript|tel|sms|file):(?=\S)", re.IGNORECASE
)
# A host's name: labels with dots between; the last one is letters only, or punycode.
_HOST = re.compile(
    r"(?<![\w.])(?:[\w-]{1,63}\.)+"
    r"(?:(?:xn--[\w-]{2,59}|[A-Za-z]{2,24})(?![A-Za-z0-9])|[^\W\d_]{2,24}(?!\w))|"
    r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\d|\.\d)"
)
# A number before Chinese words counts sections: 2.3.总则.
_SECTION = re.compile(r"[\d.]+\.[^\W\d_a-zA-Z]+")
# Names of files are none of hosts, but for endings that are top-level domains, too.
_FILE_ENDINGS = frozenset(KINDS) - {"md"}


def inert(text: str) -> str:
    """Return *text* with every address defanged and every invisible character removed."""
    plain, _ = remove_invisible(text)
    plain = _SCHEME.sub("[:]", plain)
    plain = _OTHER_SCHEME.sub(r"\1[:]", plain)
    return _HOST.sub(_defanged, plain)


def _defanged(match: re.Match[str]) -> str:
    host, text = match[0], match.string
    name, _, ending = host.rpartition(".")
    is_address = text[match.end() : match.end() + 1] in {"/", ":"} or (
        text[match.start() - 1 : match.start()] in {"@", "/"}
    )
    is_file = ending.lower() in _FILE_ENDINGS and "." not in name
    if not is_address and (is_file or _SECTION.fullmatch(host)):
        return host
    return host.replace(".", "[.]")


def one_line(text: str, most: int) -> str:
    """Return *text* without invisible characters, on one line, cut at *most* characters."""
    plain = " ".join(remove_invisible(text)[0].split())
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"
