"""`flask receipt-key` prints the key to publish; `flask receipt verify` checks a receipt with it."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import click

import verify_receipt
from cli.common import command_settings
from services.receipts import key_id, public_key
from settings import load_secrets


@click.command("receipt-key")
def receipt_key() -> None:
    """Print the public key of this installation (Ed25519, base64) and its name. Publish it where States can find it."""
    public = public_key(load_secrets(command_settings()).receipt_key)
    click.echo(f"{b64encode(public).decode()}  {key_id(public)}")


@click.group()
def receipt() -> None:
    """Receipts of submissions."""


@receipt.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("public_key")
def verify_file(file: Path, public_key: str) -> None:
    """Verify a receipt FILE with the published PUBLIC_KEY (base64, or a file that holds it); exit 1 when it does not hold.

    The same as `python verify_receipt.py`, which is one file and needs nothing of this installation.
    """
    raise SystemExit(verify_receipt.main([str(file), public_key]))
