"""Word by word: the two texts can be read back from what is shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from instruments.differences import Span, line_changes, word_changes
from instruments.items.base import Line

texts = st.lists(
    st.sampled_from(["one ", "two", " ", "\n", "\n\n", "ثلاثة ", "四五", "六", "=", "é", "a_b"]), max_size=12
).map("".join)
lines = st.lists(st.builds(Line, texts, st.sampled_from(["", "A", "B"])), max_size=6)


def told(spans: tuple[Span, ...], *changes: str) -> str:
    return "".join(span.text for span in spans if span.change in changes)


@given(before=texts, after=texts)
def test_both_texts_can_be_read_from_the_changes(before: str, after: str) -> None:
    spans = word_changes(before, after)
    assert told(spans, "same", "removed") == before
    assert told(spans, "same", "added") == after


@given(before=lines, after=lines)
def test_both_answers_can_be_read_from_the_lines(before: list[Line], after: list[Line]) -> None:
    changed = line_changes(before, after)

    def of(*changes: str) -> list[tuple[str, str]]:
        return [(line.label, told(line.spans, *changes)) for line in changed]

    assert sorted(filter(all, of("same", "added"))) == sorted(
        (one.label, one.text) for one in after if one.label and one.text
    )
    assert sorted(filter(all, of("same", "removed"))) == sorted(
        (one.label, one.text) for one in before if one.label and one.text
    )


def test_one_word_is_marked_in_both_directions_of_script() -> None:
    assert word_changes("the old law", "the new law") == (
        Span("same", "the "), Span("removed", "old"), Span("added", "new"), Span("same", " law"),
    )  # fmt: skip
    assert word_changes("القانون القديم هنا", "القانون الجديد هنا")[1:3] == (
        Span("removed", "القديم"),
        Span("added", "الجديد"),
    )
    assert word_changes("旧法律", "新法律") == (Span("removed", "旧"), Span("added", "新"), Span("same", "法律"))


def test_a_text_written_anew_is_not_mixed_with_the_one_before() -> None:
    assert word_changes("منذ 2019 (قانون 14/2019)", "The law of 2019 covers this") == (
        Span("removed", "منذ 2019 (قانون 14/2019)"), Span("added", "The law of 2019 covers this"),
    )  # fmt: skip


def test_a_very_long_paragraph_is_shown_whole() -> None:
    before, after = "a " * 4000, "a " * 4000 + "b"
    assert told(word_changes(before, after), "same", "added") == after
