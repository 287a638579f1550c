"""What the command line says, in the language of its reader: English, or Chinese."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from typer import rich_utils

from services.client.reasons import chinese_reason
from services.client.wire import RefusedError
from services.domain.errors import HouseError, NotReadyError, SettingsError
from services.settings import Settings

# What typer writes around help and errors.
_FRAME = (
    "ARGUMENTS_PANEL_TITLE",
    "COMMANDS_PANEL_TITLE",
    "DEFAULT_STRING",
    "ERRORS_PANEL_TITLE",
    "OPTIONS_PANEL_TITLE",
    "REQUIRED_LONG_STRING",
    "RICH_HELP",
)
# Every message, heading and help text, from English to Chinese.
CHINESE = json.loads(Path(__file__).with_name("chinese.json").read_text(encoding="utf-8"))


@cache
def speaks_chinese() -> bool:
    """Say whether the reader wants Chinese; where a setting is wrong, its error is English."""
    try:
        return Settings.load().speaks == "zh"
    except SettingsError:
        return False


def translated(message: str, **values: object) -> str:
    """Return *message* in the reader's language, its {names} filled with *values*. What is no
    message of the command line stays as it is.
    """
    known = CHINESE.get(message, message) if speaks_chinese() else message
    return known.format(**values) if values else known


def reason_of(error: HouseError) -> str:
    """Return why something went wrong; in Chinese only what the service says: who runs a command
    on its data folder is who would be sent to.
    """
    told = isinstance(error, RefusedError | NotReadyError)
    return reason(error.code, str(error)) if told else str(error)


def reason(code: str, message: str) -> str:
    """Return a reason that the service gave: in Chinese with its own words beside it, which tell
    names and limits.
    """
    known = chinese_reason(code) if speaks_chinese() else None
    return f"{known}（{message}）" if known else message


def translate_help(command: Any) -> None:  # noqa: ANN401 - of click, which typer brings along
    """Put the help of *command*, of its options and of the commands below it into Chinese, and what
    frames it.
    """
    for name in _FRAME:
        setattr(rich_utils, name, CHINESE[getattr(rich_utils, name)])
    _translate(command)


def _translate(command: Any) -> None:  # noqa: ANN401
    for one in (command, *command.params):
        if getattr(one, "help", None):
            one.help = CHINESE.get(one.help, one.help)
    for below in getattr(command, "commands", {}).values():
        _translate(below)
