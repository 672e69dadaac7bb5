"""A small, sound instrument to spoil in tests, and what is said about it."""

from __future__ import annotations

from pathlib import Path

from instruments.catalog import read_document
from instruments.loader import InstrumentError

STRUCTURE = """\
instrument: invented
version: '1'
source_language: ar
document: {date: '2026-01-01'}
lists:
  colours: {codes: [red, blue, other], other: other}
  norway: {codes: [NO, yes, 012, 1e3]}
groups: [status, specific]
blocks:
  common:
  - {aspect: status_practice, type: status, group: status}
  - {aspect: laws, type: legal_references, group: specific, asked_if: {item: $headline, is: fully_implemented}}
sections:
- id: s1
  questions:
  - id: op1
    number: '1'
    verb: urges
    addressee: states
    headline: op1.status_practice
    items:
    - {block: common}
    - {id: op1.colour, type: choice, list: colours, group: specific}
    - {id: op1.why, type: narrative, group: specific, asked_if: {item: op1.colour, is: blue}}
    - {id: op1.country, type: choice, list: norway, group: specific}
findings:
- code: colour_without_law
  block: common
  when: {all: [{item: $headline, is: fully_implemented}, {not: {item: $laws, answered: 'yes'}}]}
"""

KEYS = [
    "instrument.title",
    "instrument.short_title",
    "instrument.complements",
    "instrument.verification",
    "section.s1",
    "group.status",
    "group.specific",
    "op1.label",
    "op1.paragraph",
    "op1.lead",
    "op1.colour.label",
    "op1.why.label",
    "op1.country.label",
    "verb.urges",
    "addressee.states",
    "common.status_practice.label",
    "common.laws.label",
    "list.colours.red",
    "list.colours.blue",
    "list.colours.other",
    "list.norway.NO",
    "list.norway.yes",
    "list.norway.012",
    "list.norway.1e3",
    "finding.colour_without_law",
]
TEXTS = "language: ar\ntexts:\n" + "".join(f"  {key}: نص {number}\n" for number, key in enumerate(KEYS))


def write_small_instrument(folder: Path) -> Path:
    """The files of the small instrument, in the folder."""
    (folder / "instrument.yaml").write_text(STRUCTURE, encoding="utf-8")
    (folder / "text.ar.yaml").write_text(TEXTS, encoding="utf-8")
    return folder


def problems(folder: Path) -> list[str]:
    """What is wrong with the files of a folder; the only exception that may come is InstrumentError."""
    try:
        read_document.__wrapped__(folder)
    except InstrumentError as error:
        return error.problems
    return []
