"""Deadlines in words and days: the same for every reader, with the exact moment in the reader's own zone."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import time_machine

from languages import LANGUAGES
from services.deadlines import days_left, deadline_words, last_day
from services.opening import DEADLINE_ZONE, end_of_day

DEADLINE = end_of_day(date(2027, 11, 25), DEADLINE_ZONE)


def test_the_day_stands_in_the_zone_of_the_round_and_the_moment_in_that_of_the_reader() -> None:
    words = deadline_words(DEADLINE, DEADLINE_ZONE, "en", "UTC")
    assert words == (
        "25 November 2027, end of the day everywhere (UTC−12), that is 26 November 2027, 11:59 (UTC)"
    )  # fmt: skip
    assert deadline_words(DEADLINE, DEADLINE_ZONE, "en", "Asia/Tokyo").endswith("26 November 2027, 20:59 (Asia/Tokyo)")
    in_vienna = end_of_day(date(2027, 11, 25), "Europe/Vienna")
    # Who reads in the zone of the round is told the day alone.
    words = deadline_words(in_vienna, "Europe/Vienna", "en", "Europe/Vienna")
    assert words == "25 November 2027, end of the day (Europe/Vienna)"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_are_there_in_every_language(language: str) -> None:
    assert "%(" not in deadline_words(DEADLINE, DEADLINE_ZONE, language, "UTC")


@pytest.mark.parametrize(
    ("now", "days"),
    [
        (datetime(2026, 11, 25, 13, 0, tzinfo=UTC), 365),
        # Still the 24th in the zone of the deadline.
        (datetime(2026, 11, 25, 11, 0, tzinfo=UTC), 366),
        (datetime(2027, 11, 26, 11, 0, tzinfo=UTC), 0),
        (datetime(2027, 11, 26, 12, 0, tzinfo=UTC), -1),
    ],
)
def test_days_are_counted_in_the_zone_of_the_deadline(now: datetime, days: int) -> None:
    assert last_day(DEADLINE, DEADLINE_ZONE) == date(2027, 11, 25)
    with time_machine.travel(now, tick=False):
        assert days_left(DEADLINE, DEADLINE_ZONE) == days
