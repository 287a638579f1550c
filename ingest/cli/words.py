"""What the command line says, in the language of its reader: English, or Chinese."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from services.client.reasons import chinese_reason
from services.client.wire import UNREACHABLE, RefusedError, UnreachableError
from services.domain.errors import HouseError, SettingsError
from services.settings import Settings

_READ_BY_PROGRAMS = ContextVar("_READ_BY_PROGRAMS", default=False)


@cache
def chinese() -> dict[str, str]:
    """Return every message, heading and help text, from English to Chinese."""
    path = Path(__file__).with_name("chinese.json")
    table: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return table


@cache
def speaks_chinese() -> bool:
    """Say whether the reader wants Chinese and the terminal can show it. Where a setting is wrong,
    or `.env` cannot be read, its error is English.
    """
    try:
        if Settings.load().speaks != "zh":
            return False
        "".join(chinese().values()).encode(sys.stdout.encoding or "ascii")
    except (SettingsError, UnicodeError):
        return False
    return True


@contextmanager
def same_in_every_language(*, yes: bool) -> Iterator[None]:
    """Tell what is told inside in English, if *yes*: programs read it."""
    before = _READ_BY_PROGRAMS.set(yes)
    try:
        yield
    finally:
        _READ_BY_PROGRAMS.reset(before)


def _tells_chinese() -> bool:
    return speaks_chinese() and not _READ_BY_PROGRAMS.get()


def translated(message: str, **values: object) -> str:
    """Return *message* in the reader's language, its {names} filled with *values*. What is no
    message of the command line stays as it is.
    """
    known = chinese().get(message, message) if _tells_chinese() else message
    return known.format(**values) if values else known


def reason_of(error: HouseError) -> str:
    """Return why something went wrong; in Chinese only what the service says: who runs a command
    on its data folder is who would be sent to.
    """
    if isinstance(error, UnreachableError):
        return translated(UNREACHABLE, url=error.url)
    told = isinstance(error, RefusedError)
    return reason(error.code, str(error)) if told else str(error)


def reason(code: str, message: str) -> str:
    """Return a reason that the service gave: in Chinese with its own words beside it, which tell
    names and limits.
    """
    known = chinese_reason(code) if _tells_chinese() else None
    return f"{known}（{message}）" if known else message


def translate_help(command: Any) -> None:  # noqa: ANN401 - of click, which typer brings along
    """Put the help of *command*, of its options and of the commands below it into Chinese."""
    for one in (command, *command.params):
        if getattr(one, "help", None):
            one.help = chinese().get(one.help, one.help)
    for below in getattr(command, "commands", {}).values():
        translate_help(below)
