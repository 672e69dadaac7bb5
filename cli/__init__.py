"""The commands of the installation: `flask links`, `backup`, `restore`, `doctor`, `instrument`, `export`, `passage`, `receipt verify`,
`receipt-key`."""

from __future__ import annotations

from flask import Flask

from cli.backups import backup, restore
from cli.checks import doctor
from cli.exports import export_command
from cli.instruments import instrument
from cli.links import links
from cli.passages import passage_command
from cli.receipts import receipt, receipt_key


def init_cli(app: Flask) -> None:
    """Register the commands with the application's `flask` command."""
    for command in (links, backup, restore, doctor, instrument, receipt, receipt_key, export_command, passage_command):
        app.cli.add_command(command)
