"""The six languages: order, direction, dates as United Nations documents print them, catalogues."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

import pytest

import languages
from languages import (
    LANGUAGE_NAMES,
    LANGUAGES,
    colon,
    compile_catalogues,
    direction,
    format_date,
    format_moment,
    format_time,
    is_language,
    isolate_ranges,
    quoted,
    translator,
)

DAY = date(2026, 6, 30)


def test_the_six_official_languages_stand_in_the_order_of_the_united_nations() -> None:
    assert LANGUAGES == ("ar", "zh", "en", "fr", "ru", "es")
    assert tuple(LANGUAGE_NAMES) == LANGUAGES


def test_only_arabic_is_written_from_right_to_left() -> None:
    assert {language: direction(language) for language in LANGUAGES} == {
        "ar": "rtl", "zh": "ltr", "en": "ltr", "fr": "ltr", "ru": "ltr", "es": "ltr"
    }  # fmt: skip


@pytest.mark.parametrize("code", ["de", "AR", "", None, "en-GB"])
def test_other_codes_are_no_language_of_the_project(code: str | None) -> None:
    assert not is_language(code)


@pytest.mark.parametrize(
    ("language", "printed"),
    [
        ("ar", "30 حزيران/يونيه 2026"), ("zh", "2026年6月30日"), ("en", "30 June 2026"), ("fr", "30 juin 2026"),
        ("ru", "30 июня 2026 года"), ("es", "30 de junio de 2026"),
    ],
)  # fmt: skip
def test_a_date_is_printed_as_united_nations_documents_do(language: str, printed: str) -> None:
    assert format_date(DAY, language) == printed


def test_the_first_of_a_month_has_its_own_form_in_french() -> None:
    assert format_date(date(2026, 8, 1), "fr") == "1er août 2026"
    assert format_date(date(2026, 8, 1), "es") == "1 de agosto de 2026"


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_twelve_months_differ_and_digits_are_0_to_9(language: str) -> None:
    printed = [format_date(date(2026, month, 15), language) for month in range(1, 13)]
    assert len(set(printed)) == 12
    digits = {letter for text in printed for letter in text if letter.isdigit()}
    assert digits <= set("0123456789")


def test_a_moment_is_shown_in_the_zone_of_the_reader_with_the_zone_named() -> None:
    moment = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
    assert format_moment(moment, "en") == "30 June 2026, 22:30 (UTC)"
    assert format_moment(moment, "en", "Asia/Tokyo") == "1 July 2026, 07:30 (Asia/Tokyo)"
    assert format_moment(moment, "zh") == "2026年6月30日 22:30 (UTC)"
    assert format_moment(moment, "ar", "Africa/Cairo") == "1 تموز/يوليه 2026، 01:30 (Africa/Cairo)"
    assert format_time(moment, "Asia/Kolkata") == "04:00"


def test_an_unknown_zone_is_an_error_and_never_silently_another() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        format_time(datetime.now(UTC), "Mars/Olympus")


@pytest.fixture
def catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of catalogues with one French message."""
    po = tmp_path / "fr" / "LC_MESSAGES" / "messages.po"
    po.parent.mkdir(parents=True)
    po.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Save"\nmsgstr "Enregistrer"\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(languages, "CATALOGUES", tmp_path)
    return po


@pytest.fixture(autouse=True)
def _forget_catalogues() -> Iterator[None]:
    translator.cache_clear()
    yield
    translator.cache_clear()


def test_a_catalogue_is_compiled_when_it_is_first_asked_for(catalogues: Path) -> None:
    assert translator("fr").gettext("Save") == "Enregistrer"
    assert catalogues.with_suffix(".mo").exists()


def test_what_is_not_translated_comes_back_in_english(catalogues: Path) -> None:
    assert translator("fr").gettext("Send") == "Send"
    assert translator("ru").gettext("Save") == "Save"


def test_a_catalogue_is_compiled_again_only_when_its_source_is_newer(catalogues: Path) -> None:
    compile_catalogues()
    compiled = catalogues.with_suffix(".mo")
    first = compiled.stat().st_mtime_ns
    compile_catalogues()
    assert compiled.stat().st_mtime_ns == first
    catalogues.write_text(catalogues.read_text(encoding="utf-8").replace("Enregistrer", "Garder"), encoding="utf-8")
    compile_catalogues()
    translator.cache_clear()
    assert translator("fr").gettext("Save") == "Garder"


def test_catalogues_compiled_by_many_at_once_are_whole_and_leave_nothing_behind(catalogues: Path) -> None:
    threads = [threading.Thread(target=compile_catalogues) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert translator("fr").gettext("Save") == "Enregistrer"
    assert sorted(path.name for path in catalogues.parent.iterdir()) == ["messages.mo", "messages.po"]


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_every_shipped_catalogue_can_be_read(language: str) -> None:
    assert translator(language).gettext("Language") != ""


def test_a_colon_is_that_of_the_language() -> None:
    assert [colon(language) for language in ("en", "ar", "fr", "zh")] == [": ", ": ", "\u00a0: ", "："]


def test_a_range_of_numbers_keeps_its_order_among_arabic_letters() -> None:
    assert isolate_ranges("جولة 2026-2027") == "جولة \u20662026-2027\u2069"
    assert isolate_ranges("Round 3, 2026") == "Round 3, 2026"
    assert isolate_ranges("الإيصال XAH-2026-95C92BDB-1") == "الإيصال XAH-2026-95C92BDB-1"


def test_quotation_marks_are_those_of_the_language() -> None:
    assert [quoted("a", language) for language in LANGUAGES] == ["«a»", "“a”", "“a”", "«\u00a0a\u00a0»", "«a»", "«a»"]
