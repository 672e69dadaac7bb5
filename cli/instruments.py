"""`flask instrument …`: a questionnaire in its files, its texts on their way to translators and back, and into the database."""

from __future__ import annotations

from pathlib import Path

import click

from cli.common import QUESTIONNAIRE, Refused, command_settings, write
from cli.preview import preview
from cli.texts import adopt_texts, export_texts, import_texts, report
from instruments.catalog import SHIPPED
from instruments.check import check_folder, folder_of
from instruments.loader import InstrumentError


@click.group()
def instrument() -> None:
    """Questionnaires: check their files, exchange their texts with translators, look at them, publish a version."""


for _command in (export_texts, import_texts, adopt_texts, report, preview):
    instrument.add_command(_command)


@instrument.command()
@click.argument("file", type=QUESTIONNAIRE, default=SHIPPED)
def check(file: Path) -> None:
    """Check the questionnaire FILE (its folder, or the instrument.yaml in it; default: the shipped one).

    Prints what it holds and how complete each language is. Exit 1 with one problem a line: file, line, key, remedy.
    """
    sound, lines = check_folder(file)
    if not sound:
        raise Refused("\n".join(lines))
    click.echo("\n".join(lines))


@instrument.command()
@click.argument("file", type=QUESTIONNAIRE, default=SHIPPED)
def publish(file: Path) -> None:
    """Publish the version in FILE (a folder, or the instrument.yaml in it). What is published already never changes."""
    try:
        folder = folder_of(file)
    except InstrumentError as error:
        raise Refused(str(error)) from None
    done = write(command_settings(), "publish", folder=str(folder.resolve()))
    click.echo(f"{done['instrument']} version {done['version']} is published: {done['sha256']}")
