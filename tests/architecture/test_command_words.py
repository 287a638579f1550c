"""The command line says everything in both languages."""

import ast
import string
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import typer

from ingest.cli.main import app
from ingest.cli.words import chinese
from services.client.wire import UNREACHABLE
from services.domain.documents import Status

COMMANDS = Path(__file__).parents[2] / "ingest" / "cli"
SAYING = {"say", "tell", "fail", "translated", "show_table"}


def said() -> Iterator[str]:
    """Yield every message that the commands name, and every heading of their tables."""
    for file in COMMANDS.glob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for one in tree.body:
            # Messages that have a name, or stand in a table of them.
            if isinstance(one, ast.Assign) and isinstance(one.value, ast.Constant | ast.Dict):
                named = one.value.values if isinstance(one.value, ast.Dict) else [one.value]
                yield from (text for text in texts(named) if "{" in text or text.endswith("."))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SAYING:
                inside = list(ast.walk(node.args[0]))
                keys = {id(one.slice) for one in inside if isinstance(one, ast.Subscript)}
                yield from texts(one for one in inside if id(one) not in keys)


def texts(nodes: Iterable[Any]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def helped(command: Any) -> Iterator[str]:
    """Yield the help of a command, of its options and of all below it."""
    for one in (command, *command.params):
        if getattr(one, "help", None):
            yield one.help
    for below in getattr(command, "commands", {}).values():
        yield from helped(below)


def fields(message: str) -> set[str]:
    return {
        f"{name}:{form}"
        for _, name, form, _ in string.Formatter().parse(message)
        if name is not None
    }


def test_every_message_and_help_text_is_told_in_chinese() -> None:
    messages = {text for text in said() if any(letter.isalpha() for letter in text)}
    # What typer brings along for shells, and examples.
    helps = {one for one in helped(typer.main.get_command(app)) if "shell" not in one}
    every = {*messages, *helps, *Status, UNREACHABLE} - {"MiB", "2027-01-31T00:00:00Z"}
    assert len(messages) > 60
    assert len(helps) > 60

    assert every - chinese().keys() == set()


def test_no_message_is_put_together_where_it_is_said() -> None:
    for file in COMMANDS.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"tell", "fail"}:
                assert not isinstance(node.args[0], ast.JoinedStr), ast.unparse(node)


def test_the_chinese_is_chinese_and_has_the_same_fields() -> None:
    for english, told in chinese().items():
        assert any("\u4e00" <= letter <= "\u9fff" for letter in told), english
        assert fields(english) == fields(told), english
