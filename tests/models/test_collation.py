"""The order of names in the six languages."""

import csv
from collections import defaultdict

import pytest

from models.collation import _STROKES, DATA, STATE_TABLES, sort_key

LANGUAGES = ("ar", "zh", "en", "fr", "ru", "es")


def in_order(names: list[str], language: str) -> list[str]:
    return sorted(names, key=lambda name: sort_key(name, language))


def column(language: str) -> list[str]:
    with (DATA / "states.csv").open(encoding="utf-8", newline="") as table:
        return [row[language] for row in csv.DictReader(table)]


@pytest.mark.parametrize(
    ("language", "run"),
    [
        # Runs of neighbours in the list of all States.
        ("en", ["Costa Rica", "Côte d'Ivoire", "Croatia"]),
        ("en", ["Guinea", "Guinea-Bissau", "Guyana"]),
        ("en", ["Democratic People's Republic of Korea", "Democratic Republic of the Congo", "Denmark"]),
        ("en", ["Niger", "Nigeria", "Niue", "North Macedonia"]),
        ("en", ["Dominica", "Dominican Republic", "Ecuador"]),
        ("en", ["Tunisia", "Türkiye", "Turkmenistan"]),
        ("fr", ["Djibouti", "Dominique", "Égypte", "El Salvador", "Émirats arabes unis", "Équateur", "Érythrée"]),
        ("fr", ["Espagne", "Estonie", "Eswatini", "État de Palestine", "États-Unis d'Amérique", "Éthiopie"]),
        ("fr", ["Guinée", "Guinée-Bissau", "Guinée équatoriale", "Guyana"]),
        ("fr", ["Îles Cook", "Îles Marshall", "Îles Salomon", "Inde"]),
        ("fr", ["Saint-Vincent-et-les Grenadines", "Sainte-Lucie", "Samoa"]),
        ("es", ["Eslovaquia", "Eslovenia", "España", "Estado de Palestina"]),
        ("es", ["Guinea", "Guinea-Bissau", "Guinea Ecuatorial", "Guyana"]),
        ("es", ["Islandia", "Islas Cook", "Islas Marshall", "Islas Salomón", "Israel"]),
        ("ru", ["Ирландия", "Исландия", "Испания", "Италия", "Йемен", "Кабо-Верде"]),
        ("ru", ["Гвинея", "Гвинея-Бисау", "Германия"]),
        ("ru", ["Эстония", "Эфиопия", "Южная Африка", "Южный Судан", "Ямайка", "Япония"]),
        ("ar", ["الاتحاد الأوروبي", "الاتحاد الروسي", "إثيوبيا", "أذربيجان", "الأرجنتين", "الأردن", "أرمينيا"]),
        ("ar", ["ألبانيا", "ألمانيا", "الإمارات العربية المتحدة", "أنتيغوا وبربودا"]),
        ("ar", ["أوكرانيا", "أيرلندا", "آيسلندا", "إيطاليا", "بابوا غينيا الجديدة"]),
        ("ar", ["غينيا", "غينيا الاستوائية", "غينيا - بيساو", "فانواتو"]),
        ("ar", ["جزر البهاما", "جزر سليمان", "جزر القمر", "جزر كوك", "جزر مارشال"]),
        ("zh", ["阿尔巴尼亚", "阿尔及利亚", "阿富汗", "阿根廷", "阿拉伯联合酋长国"]),
        ("zh", ["北马其顿", "贝宁", "比利时", "秘鲁", "冰岛"]),
        ("zh", ["波兰", "波斯尼亚和黑塞哥维那", "伯利兹", "博茨瓦纳", "不丹"]),
        ("zh", ["黎巴嫩", "立陶宛", "利比里亚", "利比亚", "列支敦士登"]),
        ("zh", ["中非共和国", "中国"]),
    ],
)
def test_neighbours_in_the_list_of_states(language: str, run: list[str]) -> None:
    names = in_order(column(language), language)
    start = names.index(run[0])
    assert names[start : start + len(run)] == run


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("fr", ["cote", "coté", "côte", "côté", "coter"]),
        ("fr", ["oeuvre", "œuvre", "of"]),
        ("es", ["nu", "nz", "ñu", "o"]),
        ("es", ["cana", "caña", "cañon", "capa"]),
        ("ru", ["ежик", "ёжик", "ель"]),
        ("ru", ["край", "крайний", "крал"]),
        ("en", ["Aland", "Åland", "Albania"]),
        ("en", ["Group 2", "Group A"]),
        ("ar", ["كتاب", "كِتاب", "كتب"]),
        ("zh", ["Abc", "阿曼", "中国", "㐀"]),
    ],
)
def test_order_of_words(language: str, names: list[str]) -> None:
    assert in_order(list(reversed(names)), language) == names


@pytest.mark.parametrize("language", LANGUAGES)
def test_order_does_not_depend_on_where_one_starts(language: str) -> None:
    names = column(language)
    assert in_order(names, language) == in_order(list(reversed(names)), language)
    assert len({sort_key(name, language) for name in names}) == len(names)


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_apostrophes_and_composition_make_no_difference(language: str) -> None:
    straight, curly = sort_key("Côte d'Ivoire", language), sort_key("Co\u0302te d’Ivoire", language)
    assert straight[:2] == curly[:2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_name_comes_first(language: str) -> None:
    assert in_order(["", *column(language)], language)[0] == ""


def test_a_corrected_chinese_name_is_read_character_by_character() -> None:
    assert in_order(["安道尔", "阿尔巴尼亚共和国", "阿富汗"], "zh") == ["阿尔巴尼亚共和国", "阿富汗", "安道尔"]


def test_other_languages_are_refused() -> None:
    with pytest.raises(ValueError, match="'de'"):
        sort_key("Österreich", "de")


def test_characters_read_alike_have_a_number_of_strokes() -> None:
    alike: defaultdict[str, set[str]] = defaultdict(set)
    for path in STATE_TABLES:
        with path.open(encoding="utf-8", newline="") as table:
            for row in csv.DictReader(table):
                for char, reading in zip(row["zh"], row["zh_pinyin"].split(), strict=True):
                    alike[reading].add(char)
    unknown = {char for characters in alike.values() if len(characters) > 1 for char in characters} - _STROKES.keys()
    assert unknown == set()
