"""More than a hundred workbooks made to harm: each refused with its code or harmlessly read, within the limits of the reader."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from imports.workbook_package import Limits
from tests.imports.hostile import HARMLESS, HOSTILE, Read, read_measured

LIMITS = Limits()


MEASURED: list[tuple[float, float]] = []


@pytest.fixture(scope="module", autouse=True)
def printed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Say at the end what the worst file took."""
    yield
    if MEASURED:
        peak, seconds = (max(column) for column in zip(*MEASURED, strict=True))
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print(f"\n{len(MEASURED)} hostile workbooks: peak {peak:.1f} MB of memory, at most {seconds:.2f} s of work")


def within(read: Read) -> None:
    """Neither memory nor time beyond the limits; of time there is one second more, at which the system would end it."""
    MEASURED.append((read.peak, read.seconds))
    assert 0 < read.peak < LIMITS.memory
    assert read.seconds < LIMITS.seconds + 1


@pytest.mark.parametrize("name", HOSTILE)
def test_what_no_program_writes_is_refused_with_its_code(name: str) -> None:
    code, make = HOSTILE[name]
    read = read_measured(make(), LIMITS)
    assert read.code == code
    within(read)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_only_looks_dangerous_is_read(name: str) -> None:
    make, due = HARMLESS[name]
    read = read_measured(make(), LIMITS)
    assert (read.code, read.cells) == ("", due)
    within(read)


def test_there_are_as_many_as_promised() -> None:
    assert len(HOSTILE) >= 80
    assert len(HARMLESS) >= 20
