"""What may be fetched by address (U7 of docs/bar.md): nothing, unless the settings say so; then no
private address by a public name, whatever DNS says the next time.
"""

import ipaddress
import socket
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx2 as httpx

from ingest.sources import SourceError

ANY_PUBLIC = "*"
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_MOST_REDIRECTS = 5
_PORTS = {"http": 80, "https": 443}
_WRAPPING = tuple(
    ipaddress.ip_network(one)
    for one in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "fec0::/10")
)
_FORWARDING = frozenset({301, 302, 303, 307, 308})


class GuardedWeb:
    """Fetches pages from hosts on a list; `*` among them means every host of a public address.

    A name is looked up once, all of its addresses are looked at, and the connection goes to the
    address that was looked at. Redirects are followed by hand, each through the same door.
    """

    def __init__(self, hosts: frozenset[str], most_bytes: int) -> None:
        self._hosts = frozenset(_ascii(host) for host in hosts)
        self._most_bytes = most_bytes
        self._http = httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False)

    def get(self, url: str) -> tuple[str, str, bytes]:
        """Return where a page was found in the end, its media type, and its bytes."""
        for _ in range(_MOST_REDIRECTS + 1):
            response, body = self._once(url)
            if response.status_code not in _FORWARDING:
                break
            url = urljoin(url, response.headers.get("location", ""))
        else:
            message = f"{url} forwards more than {_MOST_REDIRECTS} times."
            raise SourceError(message)
        if not response.is_success:
            message = f"{url} answered {response.status_code}."
            raise SourceError(message)
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return url, kind, body

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _once(self, url: str) -> tuple[httpx.Response, bytes]:
        parts, address = self._checked(url)
        host = str(parts.hostname)
        at = f"[{address}]" if ":" in address else address
        port = f":{parts.port}" if parts.port else ""
        pinned = parts._replace(netloc=f"{at}{port}", fragment="").geturl()
        named = host if not port else f"{host}{port}"
        held = bytearray()
        try:
            with self._http.stream(
                "GET",
                pinned,
                headers={"Host": named, "User-Agent": "Footnote"},
                extensions={"sni_hostname": host},
            ) as response:
                for block in response.iter_bytes():
                    held += block
                    if len(held) > self._most_bytes:
                        message = f"{url} is larger than {self._most_bytes} bytes."
                        raise SourceError(message)
        except httpx.HTTPError as error:
            message = f"{host} does not answer: {type(error).__name__}."
            raise SourceError(message) from error
        return response, bytes(held)

    def _checked(self, url: str) -> tuple[SplitResult, str]:
        """Return an address's parts and the IP address to go to; SourceError if it may not be."""
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError as error:
            raise SourceError(f"{url!r} is no address.") from error
        host = _ascii((parts.hostname or "").rstrip("."))
        if parts.scheme not in _PORTS or not host or parts.username is not None:
            message = f"{url!r} is no address of a web page."
            raise SourceError(message)
        named = host in self._hosts
        if not named and ANY_PUBLIC not in self._hosts:
            message = f"{host} is not on the list of FOOTNOTE_URL_HOSTS."
            raise SourceError(message)
        addresses = _addresses(host, port)
        if not named and not all(_is_public(one) for one in addresses):
            message = f"{host} is at a private address: name it in FOOTNOTE_URL_HOSTS to allow it."
            raise SourceError(message)
        at = f":{parts.port}" if parts.port else ""
        return parts._replace(netloc=f"{f'[{host}]' if ':' in host else host}{at}"), addresses[0]


def _ascii(host: str) -> str:
    """Return a host's name as DNS writes it (例子.中国: xn--fsqu00a.xn--fiqs8s); SourceError."""
    try:
        return host.lower().encode("idna").decode("ascii") if not host.isascii() else host.lower()
    except UnicodeError as error:
        raise SourceError(f"{host!r} is no host's name.") from error


def _is_public(address: str) -> bool:
    """Say whether an address is out in the internet: none of this network's, and none in which
    another one is wrapped (NAT64, 6to4, Teredo, IPv4-compatible), and no site-local one.
    """
    parsed = ipaddress.ip_address(address)
    is_wrapped = any(
        parsed in network for network in _WRAPPING if parsed.version == network.version
    )
    return parsed.is_global and not parsed.is_multicast and not is_wrapped


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        message = f"There is no host {host!r}."
        raise SourceError(message) from error
    plain = [str(one[4][0]).partition("%")[0] for one in found]
    return [_unwrapped(one) for one in dict.fromkeys(plain)]


def _unwrapped(address: str) -> str:
    """Return an IPv4 address that is dressed as IPv6 as what it is."""
    parsed = ipaddress.ip_address(address)
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)
