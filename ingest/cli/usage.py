"""How a command is used, told in Chinese: typer itself speaks English alone; and arguments in the
encoding of a terminal.
"""

import os
import re
import sys
from collections.abc import Sequence
from typing import Any

import typer

# What click and typer call wrong use of a command.
UsageError: Any = typer.BadParameter.__base__
_WRONG_USE = 2

_RULES = [
    (re.compile(pattern, re.MULTILINE), told)
    for pattern, told in (
        (r"^Usage: ", "用法："),
        (r"^Options:$", "选项："),
        (r"^Commands:$", "命令："),
        (r"^Arguments:$", "参数："),
        (r"\[required\]", "[必填]"),
        (r"\[default: (.+?)\]", r"[默认：\1]"),
        (r"Show this message and exit\.", "显示此说明并退出。"),
        (r"Install completion for the current shell\.", "为当前 shell 安装命令补全。"),
        (
            r"Show completion for the current shell, to copy it or\s+customize the installation\.",
            "显示当前 shell 的命令补全，供复制或修改。",
        ),
        (r"Missing argument '(.+?)'\.", r"缺少参数 '\1'。"),
        (r"Missing option '(.+?)'\.", r"缺少选项 '\1'。"),
        (r"Missing command\.", "缺少命令。"),
        (r"No such option: (\S+?)\.?(?=\s|$)", r"没有选项 \1。"),
        (r" \(Possible options: (.+)\)", r"您要的可能是 \1。"),
        (r"No such command '(.+?)'\.", r"没有命令 '\1'。"),
        (r" ?Did you mean (.+)\?", r"您要的可能是 \1。"),
        (r"Got unexpected extra argument(?:s|\(s\))? \((.+)\)", r"多余的参数：\1。"),
        (r"Option '(.+?)' requires an argument\.", r"选项 '\1' 需要一个值。"),
        (r"Option '(.+?)' does not take a value\.", r"选项 '\1' 不带值。"),
        (r"Invalid value for '(.+?)': ", r"'\1' 的值无效："),
        (r"[Pp]ath '(.+)' does not exist\.", r"路径 '\1' 不存在。"),
        (r"Input should be a valid integer.*", "应为整数。"),
        (r"Input should be a valid number.*", "应为数字。"),
        (r"Input should be greater than or equal to (\S+)", r"不应小于 \1。"),
        (r"Input should be less than or equal to (\S+)", r"不应大于 \1。"),
    )
]


def in_chinese(text: str) -> str:
    """Return *text* with what typer says in Chinese; what is not known here stays as it is."""
    for pattern, told in _RULES:
        text = pattern.sub(told, text)
    return text


def readable(argument: str) -> str:
    """Return an argument whose bytes are not in this locale's encoding as the text that they are in
    UTF-8 or GB18030 (a Chinese Windows's); names of files stay as they are.
    """
    try:
        argument.encode()
    except UnicodeEncodeError:
        given = os.fsencode(argument)
        if os.path.lexists(given):
            return argument
        for encoding in ("utf-8", "gb18030"):
            try:
                return given.decode(encoding)
            except UnicodeDecodeError:
                continue
        return given.decode("utf-8", "replace")
    return argument


def run_in_chinese(
    command: Any,  # noqa: ANN401 - of click, which typer brings along
    arguments: Sequence[str] | None = None,
) -> int:
    """Run *command* with *arguments*, those of the command line if None; return its status."""
    _help_in_chinese(command)
    try:
        status = command(args=arguments, standalone_mode=False)
    except typer.Abort:
        _say("已停止。")
        return 1
    except UsageError as error:
        _say(_wrong_use(error))
        return _WRONG_USE
    return status if isinstance(status, int) else 0


def _help_in_chinese(command: Any) -> None:  # noqa: ANN401
    english = command.get_help
    command.get_help = lambda context: in_chinese(english(context))
    for below in getattr(command, "commands", {}).values():
        _help_in_chinese(below)


def _wrong_use(error: Any) -> str:  # noqa: ANN401
    """Return what is wrong, behind how the command is used; or the help, where nothing was said."""
    told = in_chinese(error.format_message())
    if error.ctx is None:
        return f"footnote: {told}"
    if told.startswith("用法："):
        return told
    usage = in_chinese(error.ctx.get_usage())
    return f"{usage}\n用 `{error.ctx.command_path} -h` 查看说明。\n\nfootnote: {told}"


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
