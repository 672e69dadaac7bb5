"""`flask instrument check` and `flask instrument publish`: a questionnaire in its files, and into the database."""

from __future__ import annotations

from pathlib import Path

import click

from cli.common import Refused, command_settings, write
from instruments.catalog import SHIPPED
from instruments.check import check_folder

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def instrument() -> None:
    """Questionnaires: check their files, publish a version."""


@instrument.command()
@click.argument("folder", type=FOLDER, default=SHIPPED)
def check(folder: Path) -> None:
    """Check the files in FOLDER (default: the shipped questionnaire); exit 1 with one problem a line."""
    sound, lines = check_folder(folder)
    if not sound:
        raise Refused("\n".join(lines))
    click.echo("\n".join(lines))


@instrument.command()
@click.argument("folder", type=FOLDER, default=SHIPPED)
def publish(folder: Path) -> None:
    """Publish the version in FOLDER. A version that is published already never changes."""
    done = write(command_settings(), "publish", folder=str(folder.resolve()))
    click.echo(f"{done['instrument']} version {done['version']} is published: {done['sha256']}")
