"""What changed between two answers, word by word, for people: what was there, what was added, what was removed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from instruments.items.base import Line

MOST_PIECES = 3000
"""Words of one paragraph, or paragraphs of one text, that are aligned with each other; longer ones are shown whole."""

LEAST_KEPT = 0.25
"""The share of a paragraph that must still be there for its words to be marked one by one; a text written anew is shown whole."""

# Chinese has no spaces between words: there each sign stands for itself.
_WORD = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|[^\W\u3400-\u9fff\uf900-\ufaff]+|\s+|[^\w\s]")
_PARAGRAPH = re.compile(r"[^\n]*\n|[^\n]+")

Change = Literal["same", "added", "removed"]


class Span(NamedTuple):
    """A stretch of text and what became of it."""

    change: Change
    text: str


class ChangedLine(NamedTuple):
    """A line of a printed answer with its changes; label and language as in `Line`."""

    label: str
    language: str
    spans: tuple[Span, ...]


def word_changes(before: str, after: str) -> tuple[Span, ...]:
    """The two texts as one: removed words, then those added in their place. Without the removed ones it is `after`."""
    spans: list[Span] = []
    for span in _by_paragraph(before, after):
        if spans and spans[-1].change == span.change:
            spans[-1] = Span(span.change, spans[-1].text + span.text)
        elif span.text:
            spans.append(span)
    return tuple(spans)


def _by_paragraph(before: str, after: str) -> Iterator[Span]:
    for one, other in _aligned(_PARAGRAPH.findall(before), _PARAGRAPH.findall(after)):
        if one == other:
            yield Span("same", "".join(one))
            continue
        before, after = "".join(one), "".join(other)
        pairs = list(_aligned(_WORD.findall(before), _WORD.findall(after)))
        kept = sum(len("".join(old).strip()) for old, new in pairs if old == new)
        if kept < LEAST_KEPT * min(len(before), len(after)):
            pairs = [([before], [after])]
        for old, new in pairs:
            if old == new:
                yield Span("same", "".join(old))
            else:
                yield Span("removed", "".join(old))
                yield Span("added", "".join(new))


def _aligned(before: Sequence[str], after: Sequence[str]) -> Iterable[tuple[Sequence[str], Sequence[str]]]:
    """Pieces that are the same and stretches that differ, in order."""
    if max(len(before), len(after)) > MOST_PIECES:
        return [(before, after)]
    found = SequenceMatcher(None, before, after).get_opcodes()
    return [(before[a:b], after[c:d]) for _tag, a, b, c, d in found]


def line_changes(before: Sequence[Line], after: Sequence[Line]) -> list[ChangedLine]:
    """The lines of two printed answers as one list; a line under the same label is compared word by word."""
    changed: list[ChangedLine] = []
    for one, other in _runs(before, after):
        rest = list(other)
        for line in one:
            match = next((new for new in rest if new.label == line.label), None)
            if match is None:
                changed.append(ChangedLine(line.label, line.language, (Span("removed", line.text),)))
                continue
            while rest[0] is not match:
                new = rest.pop(0)
                changed.append(ChangedLine(new.label, new.language, (Span("added", new.text),)))
            rest.pop(0)
            changed.append(ChangedLine(match.label, match.language, word_changes(line.text, match.text)))
        changed += [ChangedLine(new.label, new.language, (Span("added", new.text),)) for new in rest]
    return changed


def _runs(before: Sequence[Line], after: Sequence[Line]) -> Iterator[tuple[Sequence[Line], Sequence[Line]]]:
    old, new = ([(line.label, line.text) for line in lines] for lines in (before, after))
    for _tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        yield before[a:b], after[c:d]
