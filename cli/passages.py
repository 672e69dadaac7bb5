"""`flask passage`: the passage on one State for the report of paragraph 15, without a browser. It only reads."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click

from cli.common import Refused, command_settings, open_database
from exports.passage import is_possible, print_passage
from exports.sealed import latest_sealed
from exports.source import BrokenSeal
from exports.word import write_passage
from languages import LANGUAGES
from models.database import Database
from models.export_queries import find_cycle_record
from models.queries import list_responses


@click.command("passage")
@click.option("--state", "state_id", required=True, metavar="CODE", help="The State that the passage is about.")
@click.option("--cycle", "cycle_id", default="latest", show_default=True, help="Id of the round of reporting.")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The Word file to write.")
def passage_command(state_id: str, cycle_id: str, language: str, out: Path) -> None:
    """Write the draft passage on a State, some 600 words, for that State to validate.

    It is made of the newest submission alone. The file is there whole or not at all; one of the same name is replaced.
    Only its owner may read it.
    """
    settings, code = command_settings(), state_id.upper()
    scratch = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        with open_database(settings) as database:
            source = latest_sealed(database, _find_response(database, cycle_id, code))
        if source is None or source.seal is None:
            raise Refused(f"{code} has not submitted in this round of reporting. A passage is never made of a draft.")
        if not is_possible(source.instrument):
            raise Refused("The questionnaire of this round asks nothing that the report of paragraph 15 is about.")
        content = write_passage(print_passage(source, language, rehearsal=settings.rehearsal))
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        scratch.replace(out)
    except (BrokenSeal, OSError) as error:
        raise Refused(f"The passage was not made: {error}") from None
    finally:
        scratch.unlink(missing_ok=True)
    click.echo(f"{out}: from the submission {source.seal.number}.")


def _find_response(database: Database, cycle_id: str, code: str) -> str:
    with database.reading() as session:
        cycle = find_cycle_record(session, cycle_id)
        if cycle is None:
            raise Refused(f"There is no round of reporting {cycle_id}.")
        found = {state.id: response.id for response, state in list_responses(session, cycle.id)}
    if code not in found:
        raise Refused(f"There is no reporting State {code}.")
    return found[code]
