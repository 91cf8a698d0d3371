"""Promise: the bench counts errors of hearing, not ways of writing numbers."""

from __future__ import annotations

import pytest

from asr.canonical import canonical


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("двадцать шестое мая тысяча девятьсот сорок пятого года", "26 мая 1945 года"),
        ("двадцать пятое октября двухтысячного", "25 октября 2000-го"),
        ("две тысячи седьмого", "2007"),
        ("плюс семь девятьсот десять восемьсот восемьдесят ноль шесть восемнадцать", "плюс 7 910 880-06-18"),
        ("тридцать восемь и пять", "38 и 5"),
        ("сорок пятнадцать", "40 15"),
        ("Всё верно.", "все верно"),
    ],
)
def test_the_same_said_and_written(said: str, heard: str) -> None:
    assert canonical(said) == canonical(heard)
