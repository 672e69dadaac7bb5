"""`flask links`: new one-time activation links, also while the server runs."""

from __future__ import annotations

import click

from cli.common import command_settings, write
from services.installation import Link, describe_links


@click.command()
@click.option("--state", default="", help="Three-letter code of the State whose focal point the link is for.")
def links(state: str) -> None:
    """Print one-time links to make an account: for a secretariat officer, and for one State's focal point.

    Unused earlier links of the same kind end. Without --state: the first State without a focal point.
    """
    found = [Link.from_json(given) for given in write(command_settings(), "links", state=state)]
    click.echo(f"One-time links, valid until {found[0].expires_at:%Y-%m-%d %H:%M} UTC:")
    click.echo("\n".join(describe_links(found)))
