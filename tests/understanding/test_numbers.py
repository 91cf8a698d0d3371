"""Promise: a number is heard as the caller said it, in every case, in words or digits, apart from its neighbours.

A failure here is a house, a flat or a year that is another one.
"""

from __future__ import annotations

import pytest
from num2words import num2words

from understanding.numbers import between, parse_numbers


def values(text: str, *, fuzzy: bool = False) -> list[float]:
    return [number.amount for number in parse_numbers(text, fuzzy=fuzzy)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("двадцать пять сорок два", [25, 42]),
        ("пятого пятого шестьдесят третьего", [5, 5, 63]),
        ("двадцатого пятого", [20, 5]),
        ("сто двадцать дробь три", [120, 3]),
        ("сто двадцать три", [123]),
        ("сто два", [102]),
        ("пять три", [5, 3]),
        ("десять пять", [10, 5]),
        ("двадцать ноль пять", [20, 0, 5]),
        ("тысяча девятьсот сорок пятого года", [1945]),
        ("одна тысяча девятьсот сорок пятый", [1945]),
        ("пять восемь тысяча девятьсот сорок", [5, 8, 1940]),
        ("пять тысяч двести", [5200]),
        ("две тысячи второго", [2002]),
        ("двухтысячного", [2000]),
        ("полтора", [1.5]),
        ("полторы", [1.5]),
        ("три с половиной года", [3.5]),
        ("тридцать восемь и пять", [38, 5]),
        ("двадцать-пятого", [25]),
        ("тридцатьвосемь", [38]),
        ("тысячадевятьсот", [1900]),
        ("девять сот", [900]),
        ("25-го 10-го 2000", [25, 10, 2000]),
        ("25го", [25]),
        ("3-я прибрежная", [3]),
        ("8-903-048-28-28", [8, 903, 48, 28, 28]),
        ("38-85", [38, 85]),
        ("20 пятого", [25]),
        ("сто 5", [105]),
        ("2000 второго", [2002]),
        ("дом пять а квартира семьдесят девять", [5, 79]),
        ("5а", [5]),
        ("двух пяти сорока", [2, 5, 40]),
        ("ноль нуль нулик", [0, 0, 0]),
        ("тыща девятьсот", [1900]),
        ("с семьей", []),
        ("ничего", []),
        ("", []),
    ],
)
def test_table(text: str, expected: list[float]) -> None:
    assert values(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("шесдесят", [60]),
        ("сорог", [40]),
        ("двадзать", [20]),
        ("двад цать", [20]),
        ("читвёртый", [4]),
        ("восемдисят", [80]),
    ],
)
def test_nearly_right_words_are_repaired_with_less_certainty(text: str, expected: list[float]) -> None:
    assert values(text, fuzzy=True) == expected
    assert all(number.certainty < 1 for number in parse_numbers(text, fuzzy=True))
    assert values(text) == []


def test_every_number_in_every_case() -> None:
    wrong = []
    for value in [*range(1000), *range(1000, 2030, 7), 5200, 12_345, 100_000]:
        for case in "ngdip":
            for kind in ("cardinal", "ordinal") if value < 2030 else ("cardinal",):
                spoken = num2words(value, lang="ru", to=kind, case=case, gender="m" if kind == "ordinal" else "n")
                if "семью" not in spoken and values(spoken) != [value]:  # «семью» is mostly the family
                    wrong.append((spoken, values(spoken)))
    assert not wrong, wrong[:10]


def test_ordinals_are_marked() -> None:
    assert [number.ordinal for number in parse_numbers("пятого пять 5-го 5")] == [True, False, True, False]


def test_neighbours_that_cannot_be_one_number_stay_two() -> None:
    for left in (3, 12, 25, 40, 77):
        for right in (2, 11, 20, 38, 90):
            if left % 10 == 0 and right < 10:
                continue
            text = f"{num2words(left, lang='ru')} {num2words(right, lang='ru')}"
            assert values(text) == [left, right], text


def test_dialled_digits_keep_their_zeros() -> None:
    assert "".join(number.digits for number in parse_numbers("8 903 048 ноль пять 07")) == "89030480507"


def test_places_are_of_the_text_that_was_given() -> None:
    text = "Дом  Двадцать Пять, корпус ТРЕТИЙ"
    first, second = parse_numbers(text)
    assert text[first.start : first.end] == "Двадцать Пять"
    assert text[second.start : second.end] == "ТРЕТИЙ"
    assert between(text, first, second) == ", корпус"


def test_nonsense_does_no_harm() -> None:
    for text in ("9" * 500, "٣٤٥", "²", "()" * 300, "<script>5</script>", "'; drop table", "İ" * 20 + " пять"):
        parse_numbers(text, fuzzy=True)
