"""Texts in a form in which recognition can be compared: numbers as digits, no punctuation, no ё. For the bench."""

from __future__ import annotations

import re

_UNITS = [
    "ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять", "десять", "одиннадцать",
    "двенадцать", "тринадцать", "четырнадцать", "пятнадцать", "шестнадцать", "семнадцать", "восемнадцать",
    "девятнадцать",
]  # fmt: skip
_TENS = ["двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто"]
_HUNDREDS = ["сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот"]
_CARDINALS = (
    {word: value for value, word in enumerate(_UNITS)}
    | {word: 10 * value for value, word in enumerate(_TENS, 2)}
    | {word: 100 * value for value, word in enumerate(_HUNDREDS, 1)}
    | {"одна": 1, "одно": 1, "две": 2}
)
_ORDINAL_UNITS = [
    "нулев", "перв", "втор", "трет", "четверт", "пят", "шест", "седьм", "восьм", "девят", "десят", "одиннадцат",
    "двенадцат", "тринадцат", "четырнадцат", "пятнадцат", "шестнадцат", "семнадцат", "восемнадцат", "девятнадцат",
]  # fmt: skip
_ORDINAL_TENS = ["двадцат", "тридцат", "сороков", "пятидесят", "шестидесят", "семидесят", "восьмидесят", "девяност"]
_ORDINALS = (
    {stem: value for value, stem in enumerate(_ORDINAL_UNITS)}
    | {stem: 10 * value for value, stem in enumerate(_ORDINAL_TENS, 2)}
    | {"сот": 100, "двухтысячн": 2000}
)
_ORDINAL = re.compile(r"(.+?)(?:ый|ой|ий|ое|ье|ая|ья|ого|ьего|его|ому|ом|ую)")
_TOKEN = re.compile(r"[а-яa-z]+|\d+")
_ORDINAL_DIGITS = re.compile(r"(\d)-?(?:го|й|е|ое|ого|му|м)\b")


def canonical(text: str) -> list[str]:
    """The words of `text`; neighbouring numbers become one run of digits.

    >>> canonical("Дом сто двадцать девять, квартира 5-я")
    ['дом', '129', 'квартира', '5', 'я']
    """
    words: list[str] = []
    numbers: list[int] = []

    def digits() -> None:
        for value in _composed(numbers):
            _add(words, str(value))
        numbers.clear()

    for token in _TOKEN.findall(_ORDINAL_DIGITS.sub(r"\1", text.lower().replace("ё", "е"))):
        value = None if token.isdigit() else _value(token)
        if value is not None:
            numbers.append(value)
            continue
        digits()
        _add(words, token)
    digits()
    return words


def _add(words: list[str], token: str) -> None:
    if token.isdigit() and words and words[-1].isdigit():
        words[-1] += token
    else:
        words.append(token)


def _value(word: str) -> int | None:
    if word in _CARDINALS:
        return _CARDINALS[word]
    if word.startswith("тысяч"):
        return 1000
    match = _ORDINAL.fullmatch(word)
    return _ORDINALS.get(match.group(1)) if match else None


def _composed(values: list[int]) -> list[int]:
    """Numbers from number words: 20, 5, 40 are 25 and 40; 2, 1000, 12 are 2012."""
    numbers: list[int] = []
    room = 0  # a value below it may still join the last number
    for value in values:
        if value == 1000 and numbers and 0 < numbers[-1] < 1000:
            numbers[-1] *= 1000
        elif 0 < value < room:
            numbers[-1] += value
        else:
            numbers.append(value)
        room = 1000 if value >= 1000 else 100 if value >= 100 else 10 if value >= 20 else 0
    return numbers
