"""`footnote COMMAND`: the entry of the command line."""

import os
import sys

import typer

from ingest.cli import (
    access,
    asking,
    backups,
    documents,
    embedders,
    evaluate,
    service,
    syncing,
    upkeep,
)
from ingest.cli.console import unreachable_files
from ingest.cli.usage import readable, run_in_chinese
from ingest.cli.words import speaks_chinese, translate_help
from services.settings import set_quiet_offline

app = typer.Typer(
    name="footnote",
    help="Answers from your own documents, each statement with a footnote to its exact place.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (service, documents, syncing, asking, evaluate, access, upkeep, embedders, backups):
    group.register(app)


def main() -> None:
    """Run the command line."""
    # What it writes, backups and data alike, holds texts of the owner's.
    os.umask(0o077)
    set_quiet_offline()
    sys.argv[1:] = map(readable, sys.argv[1:])
    chinese = speaks_chinese()
    if chinese:
        # Its tables break lines at spaces alone, and cut off what has none.
        app.rich_markup_mode = None
    command = typer.main.get_command(app)
    if chinese:
        translate_help(command)
        with unreachable_files():
            sys.exit(run_in_chinese(command))
    with unreachable_files():
        command()
