"""A language of a questionnaire as XLIFF 1.2 for a translator's own program.

1.2 and not 2.0: it is what Trados, memoQ, OmegaT, Poedit, Virtaal, Weblate and the others all read and write back; 2.0 is read by
some. The texts are plain (no inline tags). States: missing is `needs-translation`, stale is `needs-review-translation`, not
reviewed is `translated`, reviewed is `final`; on the way back `final` and `signed-off` mean that a person has reviewed the text,
and `approved`, which several programs set by themselves, is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from exports.cells import clean
from exports.source import ExportError
from instruments.schema import Instrument
from instruments.text_import import Row, source_digest
from instruments.translation import WORKING_LANGUAGE, State

NAMESPACE = "urn:oasis:names:tc:xliff:document:1.2"
CHECK = "x-check"

STATES: dict[State, str] = {
    State.MISSING: "needs-translation", State.OPTIONAL: "new", State.STALE: "needs-review-translation",
    State.UNREVIEWED: "translated", State.REVIEWED: "final",
}  # fmt: skip


def xliff_text(instrument: Instrument, language: str, rows: Sequence[Row]) -> str:
    """The XLIFF file of one language. Raises ExportError for a text that XML cannot hold."""
    return "\n".join((
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<xliff version="1.2" xmlns="{NAMESPACE}">',
        *_files(instrument, language, rows),
        "</xliff>\n",
    ))  # fmt: skip


def _files(instrument: Instrument, language: str, rows: Sequence[Row]) -> Iterator[str]:
    # One <file> has one source language, so the words of the resolution stand in a file of their own.
    kinds = sorted({_kind(row) for row in rows})
    for engine, source_language in kinds:
        part = "program" if engine else "questionnaire" if source_language == WORKING_LANGUAGE else "resolution"
        own = [row for row in rows if _kind(row) == (engine, source_language)]
        original = f"{instrument.instrument}/{instrument.version}/{language}/{part}"
        yield (
            f'<file original={quoteattr(original)} datatype="plaintext" source-language="{source_language}" '
            f'target-language="{language}" product-name={quoteattr(instrument.instrument)} '
            f'product-version={quoteattr(instrument.version)} xml:space="preserve">'
        )
        yield f"<header><note>Digest of the source: {source_digest(own)}</note></header>"
        yield "<body>"
        for row in own:
            yield from _unit(row)
        yield "</body>"
        yield "</file>"


def _kind(row: Row) -> tuple[bool, str]:
    return row.entry.engine, row.entry.source_language


def _unit(row: Row) -> Iterator[str]:
    entry = row.entry
    for text in (entry.source, entry.text):
        if clean(text)[1]:
            raise ExportError(f"{entry.id} holds a character that XML cannot hold. Remove it from the text file.")
    name, approved = quoteattr(entry.id), "yes" if entry.state is State.REVIEWED else "no"
    yield f'<trans-unit id={name} resname={name} approved="{approved}">'
    yield f"<source>{escape(entry.source)}</source>"
    yield f'<target state="{STATES[entry.state]}">{escape(entry.text)}</target>'
    yield f'<context-group name="check" purpose="information"><context context-type="{CHECK}">{row.check}</context></context-group>'
    yield f"<note>{escape(row.where)}</note>"
    yield "</trans-unit>"
