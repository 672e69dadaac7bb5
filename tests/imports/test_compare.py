"""Two streams of rows: what is missing, added, altered or moved, with memory for the disorder only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports.compare import Comparison, Entry, Outcome, TooDifferent
from imports.findings import LONGEST_SHOWN, shown, shown_apart


def compare(due: list[str], found: list[str], most: int = 1000) -> Outcome:
    """Rows are words; their first letter is their key, their number in the list their place."""
    comparison = Comparison((Entry(word, word[0]) for word in due), most)
    for place, word in enumerate(found):
        comparison.push(Entry(word, word[0], place))
    return comparison.finish()


def words(entries: list[Entry]) -> list[str]:
    return [entry.content for entry in entries]


def test_equal_rows_differ_in_nothing_and_need_no_memory() -> None:
    outcome = compare([f"{n % 7}{n}" for n in range(5000)], [f"{n % 7}{n}" for n in range(5000)], most=0)
    assert outcome == Outcome(matched=5000)


def test_a_missing_row_stands_after_the_one_before_it_and_shifts_nothing() -> None:
    rows = [f"{n % 7}{n}" for n in range(5000)]
    outcome = compare(rows, rows[:40] + rows[41:], most=2)
    assert words(outcome.missing) == [rows[40]]
    assert outcome.missing[0].place == 39
    assert (outcome.added, outcome.altered, outcome.out_of_order, outcome.matched) == ([], [], None, 4999)


def test_an_added_row_is_named_and_an_altered_one_is_a_pair() -> None:
    outcome = compare(["a1", "b1", "b2", "c1"], ["a1", "x9", "b1", "b3", "c1"])
    assert [(entry.content, entry.place) for entry in outcome.added] == [("x9", 1)]
    assert [(due.content, found.content, found.place) for due, found in outcome.altered] == [("b2", "b3", 3)]


def test_rows_swapped_are_out_of_order_only() -> None:
    outcome = compare(["a", "b", "c", "d"], ["a", "c", "b", "d"])
    assert outcome.out_of_order is not None and outcome.out_of_order.place == 2
    assert (outcome.missing, outcome.added, outcome.altered, outcome.matched) == ([], [], [], 4)


def test_a_row_that_may_be_absent_is_missed_by_nobody() -> None:
    seen: list[str] = []
    due = [Entry("a", "a"), Entry("b", "b", wanted=False), Entry("c", "c")]
    for found in (["a", "c"], ["a", "b", "c"]):
        comparison = Comparison(iter(due), 10, matched=lambda one, _other: seen.append(one.content))
        for word in found:
            comparison.push(Entry(word, word))
        outcome = comparison.finish()
        assert (outcome.missing, outcome.added, outcome.altered, outcome.out_of_order) == ([], [], [], None)
    assert seen == ["a", "c", "a", "b", "c"]


def test_disorder_beyond_the_bound_ends_the_comparison() -> None:
    with pytest.raises(TooDifferent):
        compare([f"a{n}" for n in range(100)], [f"b{n}" for n in range(100)], most=50)
    with pytest.raises(TooDifferent):
        compare([f"a{n}" for n in range(100)], [], most=50)


@given(st.lists(st.sampled_from("abcde")), st.lists(st.sampled_from("abcde")))
def test_every_row_is_matched_missing_added_or_altered_exactly_once(due: list[str], found: list[str]) -> None:
    outcome = compare([f"k{word}" for word in due], [f"k{word}" for word in found])
    assert outcome.matched + len(outcome.missing) + len(outcome.altered) == len(due)
    assert outcome.matched + len(outcome.added) + len(outcome.altered) == len(found)
    assert outcome.matched == sum(min(due.count(word), found.count(word)) for word in "abcde")
    is_equal = not (outcome.missing or outcome.added or outcome.altered or outcome.out_of_order)
    assert is_equal == (due == found) or sorted(due) == sorted(found)


def test_a_value_of_a_file_is_shown_short_and_obeyed_by_nothing() -> None:
    assert shown("\x1b[31mred\u202e\tab\n") == "\ufffd[31mred\ufffd ab "
    assert shown(None) == "" and shown(7.0) == "7.0"
    assert len(shown("x" * 500)) == LONGEST_SHOWN + 1


def test_two_long_values_are_shown_where_they_differ() -> None:
    said, due = shown_apart("word " * 300 + "a", "word " * 300 + "b")
    assert (said[0], said[-3:], due[-3:]) == ("…", "d a", "d b")
    assert shown_apart("a", "b") == ("a", "b")
    assert shown_apart("", "b" * 10) == ("", "b" * 10)
