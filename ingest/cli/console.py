"""How commands talk: results on standard output, everything else on standard error.

With `--json` a command prints one JSON value and nothing else on standard output. Nothing that
came from a document or the service can move a terminal's cursor or paint it.
"""

import errno
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Annotated, NoReturn

import httpx2 as httpx
import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest.cli.words import reason_of, translated
from services.client.httpx_client import FootnoteClient
from services.client.wire import is_away
from services.domain.errors import HouseError, SettingsError
from services.language.normalize import remove_invisible
from services.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]


def not_empty(given: str | None) -> str | None:
    """Refuse an empty argument: an unset variable of a shell must not mean everything here."""
    if given is not None and not given.strip():
        raise typer.BadParameter(translated("it is empty."))
    return given


InCollection = Annotated[
    str, typer.Option("--collection", "-c", help="The collection's name.", callback=not_empty)
]

# What moves a terminal to another line or page becomes a space.
_LINE_BREAKERS = dict.fromkeys(map(ord, "\r\x0b\x0c\x84\x85\u2028\u2029"), " ")

err = Console(stderr=True, highlight=False, soft_wrap=True)
out = Console(highlight=False, soft_wrap=True)


@cache
def settings() -> Settings:
    """Return the settings; a bad one ends the command with one line that names it."""
    try:
        return Settings.load()
    except SettingsError as error:
        fail(str(error))


@contextmanager
def client() -> Iterator[FootnoteClient]:
    """Open the client of the service that the settings name; refusals end the command."""
    with guarded(), opened() as service:
        yield service


def opened() -> FootnoteClient:
    """Open the client; a wrong address, or no key, ends the command."""
    try:
        return FootnoteClient(settings().url, _key())
    except httpx.InvalidURL as error:
        fail("FOOTNOTE_URL is no address: {why}", why=error)


@contextmanager
def guarded(*, unless_away: bool = False) -> Iterator[None]:
    """End the command with status 1 and one line where something expected goes wrong; with
    *unless_away* those of a service that is away or busy go through.
    """
    try:
        yield
    except HouseError as error:
        if unless_away and is_away(error):
            raise
        fail(reason_of(error))
    except KeyboardInterrupt:
        fail("Stopped.")


def fail(message: str, **values: object) -> NoReturn:
    """Say why on standard error, in the reader's language, and end with status 1."""
    complain(translated(message, **values))
    raise typer.Exit(1)


def complain(told: str) -> None:
    """Say on standard error what did not go well, and go on."""
    err.print(Text(f"footnote: {safe(told)}"))


def show_json(value: object) -> None:
    """Print one JSON value on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def show_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], worded: Sequence[str] = ()
) -> None:
    """Print rows under headings, these and the cells of the columns *worded* in the reader's
    language; plain columns where it is no terminal, for programs: as they are.
    """
    if not sys.stdout.isatty():
        for row in rows:
            sys.stdout.write("\t".join(safe(str(cell)) for cell in row) + "\n")
        return
    table = Table(box=None, pad_edge=False)
    for column in columns:
        # An id is copied into other commands: it stays on one line.
        table.add_column(translated(column), overflow="fold", no_wrap=column == "id")
    for row in rows:
        cells = [
            translated(str(cell)) if column in worded else str(cell)
            for column, cell in zip(columns, row, strict=True)
        ]
        table.add_row(*(Text(safe(cell)) for cell in cells))
    out.print(table)


def unreachable(error: OSError) -> str:
    """Return what to say of a file that cannot be read or written, in the reader's language."""
    return translated(
        "{file}: {reason}. Run as the user whose file it is, or give that user the right.",
        file=error.filename or "",
        reason=error.strerror or error,
    )


@contextmanager
def unreachable_files() -> Iterator[None]:
    """End with one line where the system refuses a file."""
    try:
        yield
    except PermissionError as error:
        fail(unreachable(error))
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        fail(unreachable(error))


def say(message: str, **values: object) -> None:
    """Print one message on standard error, in the reader's language."""
    err.print(Text(safe(translated(message, **values))))


def tell(message: str, **values: object) -> None:
    """Print one message on standard output, in the reader's language."""
    show(translated(message, **values))


def show(text: str = "") -> None:
    """Print one line on standard output as it is."""
    sys.stdout.write(safe(text) + "\n")


def padded(text: str, cells: int) -> str:
    """Return *text* with spaces behind it, so that it fills so many cells of a terminal."""
    return text + " " * max(0, cells - cell_len(text))


def safe(text: str) -> str:
    """Return *text* without control characters but line ends and tabs."""
    clean, _ = remove_invisible(text.translate(_LINE_BREAKERS))
    return clean


def key_at_hand(given: Settings) -> str:
    """Return the key that is set, else the owner's where the data folder is at hand, else nothing;
    SettingsError if it cannot be read.
    """
    known, path = given.key or given.owner_key, given.data_dir / "owner.key"
    if known is not None:
        return known.get_secret_value().strip()
    try:
        return path.read_text(encoding="ascii").strip() if path.is_file() else ""
    except (OSError, UnicodeError) as error:
        message = translated("The key in {path} cannot be read: {why}", path=path, why=error)
        raise SettingsError(message) from error


def _key() -> str:
    """Return the command line's key: as set, else the owner's where the data folder is at hand."""
    with guarded():
        key = key_at_hand(settings())
    if not key:
        fail("No key: set FOOTNOTE_KEY to the key that the owner of the service gave you.")
    if not (key.isascii() and key.isprintable()):
        fail("FOOTNOTE_KEY is no key: it holds characters that keys have not.")
    return key
