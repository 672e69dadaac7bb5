"""The project's own table of reporting States: complete, unambiguous, in United Nations usage."""

import csv
import re
import unicodedata
from collections import Counter

import pytest
from babel import Locale

from models.collation import DATA

LANGUAGES = ("ar", "zh", "en", "fr", "ru", "es")
COLUMNS = ["iso3", "iso2", "m49", "kind", "region", *LANGUAGES, "zh_pinyin"]

SCRIPTS = {
    "ar": re.compile(r"[\u0621-\u064a]+( - | [\u0621-\u064a]|[\u0621-\u064a])*"),
    "zh": re.compile(r"[\u4e00-\u9fff]+"),
    "en": re.compile(r"[A-Za-zôü' ()-]+"),
    "fr": re.compile(r"[A-Za-zÀ-ÿ' ()-]+"),
    "ru": re.compile(r"[А-Яа-я' ()—-]+"),
    "es": re.compile(r"[A-Za-zÀ-ÿ' ()-]+"),
}

ARTICLES = re.compile(r"\((the|le|la|les|l'|el|los|las)\)|\*|/")

SPOT_CHECKS = {
    "KOR": {
        "en": "Republic of Korea", "fr": "République de Corée", "es": "República de Corea",
        "ru": "Республика Корея", "ar": "جمهورية كوريا", "zh": "大韩民国",
    },
    "PRK": {
        "en": "Democratic People's Republic of Korea",
        "fr": "République populaire démocratique de Corée",
        "es": "República Popular Democrática de Corea",
        "ru": "Корейская Народно-Демократическая Республика",
        "ar": "جمهورية كوريا الشعبية الديمقراطية",
        "zh": "朝鲜民主主义人民共和国",
    },
    "TUR": {"en": "Türkiye", "fr": "Türkiye", "es": "Türkiye", "ru": "Турция", "ar": "تركيا", "zh": "土耳其"},
    "CIV": {
        "en": "Côte d'Ivoire", "fr": "Côte d'Ivoire", "es": "Côte d'Ivoire",
        "ru": "Кот-д'Ивуар", "ar": "كوت ديفوار", "zh": "科特迪瓦",
    },
    "SWZ": {"en": "Eswatini", "fr": "Eswatini", "ru": "Эсватини", "ar": "إسواتيني"},
    "CPV": {"en": "Cabo Verde", "fr": "Cabo Verde", "ru": "Кабо-Верде", "ar": "كابو فيردي"},
    "TLS": {"en": "Timor-Leste", "fr": "Timor-Leste", "ru": "Тимор-Лешти", "ar": "تيمور - ليشتي", "zh": "东帝汶"},
    "BLR": {"en": "Belarus", "fr": "Bélarus", "es": "Belarús", "ru": "Беларусь", "ar": "بيلاروس"},
    "KGZ": {"en": "Kyrgyzstan", "fr": "Kirghizistan", "es": "Kirguistán", "ru": "Кыргызстан", "ar": "قيرغيزستان"},
    "MDA": {"en": "Republic of Moldova", "fr": "République de Moldova", "ru": "Республика Молдова"},
    "CHL": {"en": "Chile", "fr": "Chili", "ar": "شيلي"},
    "BEN": {"en": "Benin", "fr": "Bénin", "es": "Benin", "ar": "بنن"},
    "MDV": {"en": "Maldives", "ru": "Мальдивские Острова", "ar": "ملديف"},
    "VNM": {"en": "Viet Nam", "fr": "Viet Nam", "es": "Viet Nam", "ru": "Вьетнам", "ar": "فييت نام"},
    "BOL": {
        "en": "Bolivia (Plurinational State of)", "fr": "Bolivie (État plurinational de)",
        "es": "Bolivia (Estado Plurinacional de)", "ar": "دولة بوليفيا المتعددة القوميات", "zh": "多民族玻利维亚国",
    },
    "IRN": {"en": "Iran (Islamic Republic of)", "es": "Irán (República Islámica del)", "ar": "جمهورية إيران الإسلامية"},
    "VEN": {"en": "Venezuela (Bolivarian Republic of)", "ar": "جمهورية فنزويلا البوليفارية"},
    "FSM": {"en": "Micronesia (Federated States of)", "ar": "ولايات ميكرونيزيا الموحدة", "zh": "密克罗尼西亚联邦"},
    "NLD": {
        "en": "Netherlands (Kingdom of the)", "fr": "Pays-Bas (Royaume des)", "es": "Países Bajos (Reino de los)",
        "ru": "Нидерланды (Королевство)", "ar": "مملكة هولندا", "zh": "荷兰王国",
    },
    "COG": {"en": "Congo", "fr": "Congo", "ar": "الكونغو", "zh": "刚果"},
    "CZE": {"en": "Czechia", "fr": "Tchéquie", "es": "Chequia", "ru": "Чехия", "ar": "تشيكيا", "zh": "捷克"},
    "MKD": {"en": "North Macedonia", "fr": "Macédoine du Nord", "ru": "Северная Македония", "zh": "北马其顿"},
    "SYR": {"en": "Syrian Arab Republic", "ar": "الجمهورية العربية السورية", "zh": "阿拉伯叙利亚共和国"},
    "LAO": {"en": "Lao People's Democratic Republic", "fr": "République démocratique populaire lao"},
    "TZA": {"en": "United Republic of Tanzania", "ar": "جمهورية تنزانيا المتحدة"},
    "MMR": {"en": "Myanmar", "fr": "Myanmar", "ru": "Мьянма", "zh": "缅甸"},
    "HUN": {"ar": "هنغاريا"},
    "GBR": {"en": "United Kingdom of Great Britain and Northern Ireland", "zh": "大不列颠及北爱尔兰联合王国"},
    "USA": {"en": "United States of America", "ar": "الولايات المتحدة الأمريكية", "zh": "美利坚合众国"},
    "QAT": {"es": "Qatar", "ar": "قطر"},
    "TTO": {"es": "Trinidad y Tabago", "fr": "Trinité-et-Tobago"},
    "PNG": {"ru": "Папуа — Новая Гвинея"},
    "PSE": {"en": "State of Palestine", "fr": "État de Palestine", "ar": "دولة فلسطين", "zh": "巴勒斯坦国"},
    "VAT": {"en": "Holy See", "fr": "Saint-Siège", "es": "Santa Sede", "ru": "Святой Престол", "ar": "الكرسي الرسولي"},
    "EUE": {"en": "European Union", "fr": "Union européenne", "ru": "Европейский союз", "ar": "الاتحاد الأوروبي"},
}  # fmt: skip


def read(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


@pytest.fixture(scope="module")
def states() -> list[dict[str, str]]:
    return read("states.csv")


def test_columns_and_order(states: list[dict[str, str]]) -> None:
    assert list(states[0]) == COLUMNS
    codes = [state["iso3"] for state in states]
    assert codes == sorted(codes)


def test_kinds(states: list[dict[str, str]]) -> None:
    assert Counter(state["kind"] for state in states) == {
        "member_state": 193,
        "observer_state": 2,
        "other_state": 2,
        "reio": 1,
    }
    others = {state["iso3"]: state["kind"] for state in states if state["kind"] != "member_state"}
    assert others == {
        "VAT": "observer_state",
        "PSE": "observer_state",
        "COK": "other_state",
        "NIU": "other_state",
        "EUE": "reio",
    }


def test_regional_groups(states: list[dict[str, str]]) -> None:
    members = [state for state in states if state["kind"] == "member_state"]
    assert Counter(state["region"] for state in members) == {
        "african": 54,
        "asia_pacific": 53,
        "eastern_european": 23,
        "grulac": 33,
        "weog": 28,
        "none": 2,
    }
    assert {state["iso3"] for state in members if state["region"] == "none"} == {"KIR", "USA"}
    assert {state["region"] for state in states if state["kind"] != "member_state"} == {"none"}
    region = {state["iso3"]: state["region"] for state in states}
    assert (region["TUR"], region["ISR"], region["CYP"], region["GEO"]) == (
        "weog",
        "weog",
        "asia_pacific",
        "eastern_european",
    )


@pytest.mark.parametrize("column", ["iso3", "iso2", *LANGUAGES])
def test_codes_and_names_are_unique(states: list[dict[str, str]], column: str) -> None:
    repeated = [value for value, count in Counter(state[column] for state in states).items() if count > 1]
    assert repeated == []


def test_codes_are_well_formed(states: list[dict[str, str]]) -> None:
    territories = Locale("en").territories
    numbers = []
    for state in states:
        assert re.fullmatch(r"[A-Z]{3}", state["iso3"])
        assert state["iso2"] in territories, state["iso3"]
        if state["iso3"] == "EUE":
            assert state["m49"] == ""
        else:
            assert re.fullmatch(r"\d{3}", state["m49"]), state["iso3"]
            numbers.append(state["m49"])
    assert len(set(numbers)) == len(numbers) == 197


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_are_in_the_right_script(states: list[dict[str, str]], language: str) -> None:
    for state in states:
        name = state[language]
        assert SCRIPTS[language].fullmatch(name), (state["iso3"], name)
        assert name == unicodedata.normalize("NFC", name).strip()
        assert "  " not in name


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_carry_no_article_in_brackets_and_no_footnote_mark(states: list[dict[str, str]], language: str) -> None:
    assert [state[language] for state in states if ARTICLES.search(state[language])] == []


@pytest.mark.parametrize("code", SPOT_CHECKS)
def test_names_as_the_united_nations_uses_them(states: list[dict[str, str]], code: str) -> None:
    state = next(state for state in states if state["iso3"] == code)
    assert {language: state[language] for language in SPOT_CHECKS[code]} == SPOT_CHECKS[code]


@pytest.mark.parametrize("table", ["states.csv", "fictitious_states.csv"])
def test_every_chinese_character_has_a_reading(table: str) -> None:
    for state in read(table):
        readings = state["zh_pinyin"].split()
        assert len(readings) == len(state["zh"]), state["iso3"]
        assert all(re.fullmatch(r"[a-z]{1,6}[1-4]", reading) for reading in readings), state["iso3"]
