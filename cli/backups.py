"""`flask backup` and `flask restore`: a complete copy in one file, while the server runs; and the way back."""

from __future__ import annotations

from pathlib import Path

import click

from cli.common import Refused, command_settings, open_database, writer_lock
from services.backup import BackupError, open_backup, put_back, stamp, write_backup
from services.restore import check_content, mark_restored
from settings import Settings, load_secrets

FILE = click.Path(dir_okay=False, path_type=Path)
ON_POSTGRESQL = (
    "On PostgreSQL its own tools do this: pg_dump --format=custom for the database, and a copy of the evidence folder "
    "taken after it. See docs/operations.md."
)


@click.command()
@click.argument("file", type=FILE, required=False)
def backup(file: Path | None) -> None:
    """Write database, evidence and manifest to FILE (default: a new file in the instance folder), also while the server runs.

    The secrets are not in it: keep a copy of instance/secrets.json in another safe place.
    """
    settings = _embedded()
    target = file or settings.instance / "backups" / f"tracker-{stamp()}.tar.gz"
    try:
        with open_database(settings):
            manifest = write_backup(settings, load_secrets(settings), target)
    except (BackupError, OSError) as error:
        raise Refused(str(error)) from None
    evidence = len(manifest["files"]) - 1
    click.echo(
        f"{target}: revision {manifest['revision']}, {manifest['responses']} responses, {manifest['revisions']} changes, "
        f"{manifest['submissions']} submissions, {evidence} evidence files; read back and compared."
    )
    for name in manifest["missing_evidence"]:
        click.echo(f"Evidence file {name} is not in the evidence folder.", err=True)
    click.echo(f"Not in it: {settings.secrets_file}. Keep a copy of that file in another safe place.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--verify", is_flag=True, help="Check only (what happens without any option).")
@click.option("--apply", is_flag=True, help="Check, then put it in the place of what is there. Stop the server first.")
def restore(file: Path, verify: bool, apply: bool) -> None:
    """Check a backup: every file against the manifest, structure, every response's history, every receipt, all evidence.

    With --apply it then replaces what is there; what was there is kept in a folder beside it.
    """
    if verify and apply:
        raise click.UsageError("Give --verify or --apply, not both.")
    settings = _embedded()
    if not apply:
        _verify(file, settings)
        return
    with writer_lock(settings):
        _apply(file, settings)


def _verify(file: Path, settings: Settings) -> None:
    try:
        with open_backup(file, settings.instance) as opened:
            problems = check_content(opened, load_secrets(settings))
            manifest = opened.manifest
    except (BackupError, OSError) as error:
        raise Refused(str(error)) from None
    if problems:
        raise Refused(f"{file} is not sound:\n" + "\n".join(problems))
    click.echo(
        f"{file} is sound: made {manifest['made_at']}, revision {manifest['revision']}, {manifest['responses']} responses with "
        f"{manifest['revisions']} changes, {manifest['submissions']} receipts verified, "
        f"{len(manifest['files']) - 1} evidence files."
    )


def _apply(file: Path, settings: Settings) -> None:
    try:
        with open_backup(file, settings.instance) as opened:
            problems = check_content(opened, load_secrets(settings))
            if problems:
                raise Refused(f"{file} is not sound, nothing was replaced:\n" + "\n".join(problems))
            mark_restored(opened)
            kept = put_back(opened, settings)
            made_at = opened.manifest["made_at"]
    except (BackupError, OSError) as error:
        raise Refused(str(error)) from None
    click.echo(f"Restored the state of {made_at}. What was there before is in {kept}. Start again with make run.")


def _embedded() -> Settings:
    settings = command_settings()
    if not settings.is_sqlite:
        raise Refused(ON_POSTGRESQL)
    return settings
