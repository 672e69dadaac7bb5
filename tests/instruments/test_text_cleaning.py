"""What typed text may hold, and the gentle look for personal data."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.text_cleaning import clean_text, has_forbidden, looks_like_personal_data

any_text = st.text(st.characters(codec=None, categories=None), max_size=200)
FORBIDDEN = ["\x00", "\x08", "\x0b", "\x0c", "\x1b", "\x7f", "\ufffe", "\uffff", "\ud800", "\udfff"]


@given(any_text)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean_text(text)
    assert clean_text(once) == once
    assert not has_forbidden(once)


@given(any_text)
def test_clean_text_can_be_stored_and_put_into_xml(text: str) -> None:
    cleaned = clean_text(text)
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    assert "\r" not in cleaned
    assert not set(cleaned) & set(FORBIDDEN)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=200))
def test_nothing_that_a_person_can_see_is_taken_out(text: str) -> None:
    assert clean_text(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("sign", FORBIDDEN)
def test_a_control_character_is_taken_out_and_said(sign: str) -> None:
    assert clean_text(f"a{sign}b") == "ab"
    assert has_forbidden(f"a{sign}b")


@pytest.mark.parametrize(
    "text", ["tab\tand\nline", "مَدرسة", "e\u0301", "\u200fيمين", "👩\u200d👩\u200d👧", "line\r\nend", "\u202bنص\u202c"]
)
def test_what_languages_need_stays_and_is_not_called_a_control_character(text: str) -> None:
    assert not has_forbidden(text)


# A small labelled corpus. The hint may be wrong now and then; it must find the plain cases and leave ordinary answers alone.
PERSONAL = {
    "ar": ["الضحية عمرها ١٧ سنة", "تاريخ الميلاد: 12 آذار/مارس 1999", "المولودة في حلب عام 2001", "تبلغ من العمر 16 عاماً"],
    "zh": ["出生日期：1999年3月12日", "李某某，女，17岁", "王小红（女，19岁）被解救", "2001年5月出生"],
    "en": ["Maria K., 17 years old, was found", "born on 12 March 1999", "Passport AB1234567", "Date of birth: unknown", "someone@mail.example",
           "call +43 660 1234567"],
    "fr": ["Marie Dupont, 17 ans", "née le 12 mars 1999", "Date de naissance : 1999", "passeport 12AB34567 ou AB 1234567"],
    "ru": ["Иванова М., 17 лет", "дата рождения 12.03.1999", "родилась в 2001", "1999 года рождения"],
    "es": ["María López, 17 años", "nacida el 12 de marzo", "fecha de nacimiento: 1999", "documento 123456789"],
}  # fmt: skip
ORDINARY = {
    "ar": ["أدين 14 شخصاً في عام 2024", "القانون رقم 9 لسنة 2015، المواد 4-7", "النساء دون سن 18 سنة", "وزارة العدل"],
    "zh": ["2024年定罪14人", "第9/2015号法律第4至7条", "18岁以下儿童受害者", "司法部"],
    "en": ["In 2024, 14 persons were convicted under Law No. 9/2015.", "Victims under 18 years old receive a guardian.",
           "Articles 4-7 and 12(2)", "The budget was 1,250,000 USD", "Resolution 55/25 of 15 November 2000", "Decree 2021-1234 of 2021"],
    "fr": ["En 2024, 14 personnes ont été condamnées.", "les mineurs de moins de 18 ans", "loi n° 2015-9", "un plan de 5 ans"],
    "ru": ["В 2024 году осуждены 14 человек", "лица моложе 18 лет", "Закон № 9 от 2015 года", "план на 5 лет"],
    "es": ["En 2024 fueron condenadas 14 personas", "menores de 18 años", "Ley 9/2015, artículos 4 a 7", "un plan de 5 años"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "text"), [(language, text) for language, texts in PERSONAL.items() for text in texts]
)
def test_what_could_identify_a_person_is_noticed(language: str, text: str) -> None:
    assert looks_like_personal_data(text)
    assert looks_like_personal_data({"rows": [{"topic": text, "row_id": "r"}]})


@pytest.mark.parametrize(
    ("language", "text"), [(language, text) for language, texts in ORDINARY.items() for text in texts]
)
def test_an_ordinary_answer_is_left_alone(language: str, text: str) -> None:
    assert not looks_like_personal_data(text)


def test_fingerprints_ids_links_and_figures_are_not_read_as_persons() -> None:
    stored = {
        "sha256": "1234567890123",
        "row_id": "AB1234567",
        "link": "https://a.example/AB1234567",
        "size": 123456789,
        "none": None,
    }
    assert not looks_like_personal_data([stored, True, 12345678901])


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "A-" * 50_000,
        "Аб" * 50_000,
        "张" * 100_000,
        "1" * 100_000,
        "+1 " * 30_000,
        "Ab Cd " * 20_000,
        "a." * 50_000,
    ],
)
def test_the_longest_text_is_looked_through_at_once(text: str) -> None:
    start = time.process_time()
    looks_like_personal_data(text)
    assert time.process_time() - start < 2, "a few milliseconds are usual; the square of the length would be minutes"
