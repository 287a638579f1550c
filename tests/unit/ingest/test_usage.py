"""How wrong use of a command is told in Chinese."""

import os
from pathlib import Path

import pytest
import typer

from ingest.cli import words
from ingest.cli.main import app
from ingest.cli.usage import in_chinese, readable, run_in_chinese


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ask"], "缺少参数 'text'。"),
        (["ask", "茶", "--max-tokens", "many"], "'--max-tokens' 的值无效：应为整数。"),
        (["ask", "茶", "--max-tokens", "0"], "不应小于 1。"),
        (["ask", "茶", "--max-tokens"], "选项 '--max-tokens' 需要一个值。"),
        (["ask", "茶", "--jso"], "没有选项 --jso。您要的可能是 --json。"),
        (["ask", "茶", "--json=3"], "选项 '--json' 不带值。"),
        (["ask", "茶", "几点"], "多余的参数：几点。"),
        (["add", "/nowhere/茶.md"], "没有文件或文件夹 '/nowhere/茶.md'。"),
        (["add", ""], "没有文件或文件夹 ''。"),
        (["sync", ""], "不能为空。"),
        (["add", "/", "-c", ""], "不能为空。"),
        (["key"], "没有命令 'key'。您要的可能是 'keys'。"),
        (["keys", "nope"], "没有命令 'nope'。"),
    ],
)
def test_wrong_use_is_told_in_chinese(
    arguments: list[str],
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(words, "speaks_chinese", lambda: True)
    monkeypatch.setattr(app, "rich_markup_mode", None)

    status = run_in_chinese(typer.main.get_command(app), arguments)

    assert status == 2
    said = capsys.readouterr().err
    assert said.rstrip().endswith(told)
    assert "Usage" not in said


def test_what_is_not_known_stays_as_it_is() -> None:
    assert in_chinese("Something new was said.") == "Something new was said."


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("年假".encode("gbk"), "年假"),
        ("年假".encode(), "年假"),
        (b"plain", "plain"),
        (b"\xff\xff", "\ufffd\ufffd"),
    ],
)
def test_an_argument_in_a_terminals_encoding_is_read(given: bytes, read: str) -> None:
    assert readable(os.fsdecode(given)) == read
    assert readable(given.decode("ascii", "surrogateescape")) == read


def test_a_files_name_stays_as_it_is(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/" + "年假.md".encode("gbk")
    Path(os.fsdecode(name)).write_text("x")

    assert os.fsencode(readable(os.fsdecode(name))) == name
