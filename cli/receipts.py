"""`flask receipt-key`: the public key that receipts are verified with, to be published."""

from __future__ import annotations

from base64 import b64encode

import click

from cli.common import command_settings
from services.receipts import key_id, public_key
from settings import load_secrets


@click.command("receipt-key")
def receipt_key() -> None:
    """Print the public key of this installation (Ed25519, base64) and its name. Publish it where States can find it."""
    public = public_key(load_secrets(command_settings()).receipt_key)
    click.echo(f"{b64encode(public).decode()}  {key_id(public)}")
