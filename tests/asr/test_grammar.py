"""Promise: what a question's grammar allows is what people say, and nothing else is heard into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from asr import grammars
from asr.grammar import COMPLETE, Grammar, Part
from core.errors import ConfigurationError

END = 0


def encode(text: str) -> list[int]:
    """Every letter is a token."""
    return [ord(letter) for letter in text]


def allows(grammar: Grammar, text: str) -> bool:
    state = grammar.start
    for token in [*encode(text), END]:
        following = grammar.following(state)
        if token not in following:
            return False
        state = following[token]
    return state == COMPLETE


@pytest.fixture(scope="module")
def loaded() -> dict[str, Grammar]:
    return grammars.load(encode, END)


def test_parts_follow_each_other_with_commas_and_a_full_stop() -> None:
    grammar = Grammar(
        [[Part(("так",), optional=True), Part(("пять", "шесть")), Part((".05", "~го", "июня"))]], encode, END
    )
    for said in (" пять июня", " Пять июня.", " так, шесть июня", " Так шесть, июня.", " шесть.05", " шестьго"):
        assert allows(grammar, said), said
    for other in (
        "",
        " так",
        " пять",
        " пять так июня",
        " пять .05",
        " пять,.05",
        " июня",
        " пять июня июня",
        ", пять июня",
    ):
        assert not allows(grammar, other), other


@pytest.mark.parametrize(
    ("slot", "said"),
    [
        ("birth_date", "двадцать третьего апреля тысяча девятьсот семьдесят третьего года"),
        ("birth_date", "13.04.1985"),
        ("birth_date", "24-го января 10-го"),
        ("birth_date", "двадцатое ноль восьмое восьмидесятого"),
        ("birth_date", "родилась 5 июня 16 года да"),
        ("age", "мне тридцать четыре года"),
        ("age", "год и два месяца"),
        ("age", "48 лет спасибо"),
        ("age", "ей год и два месяца вот"),
        ("birth_date", "две тысячи двенадцатый год пятое мая"),
        ("temperature", "38 и 5"),
        ("temperature", "37 с хвостиком вот"),
        ("temperature", "под сорок"),
        ("temperature", "тридцать семь с половиной"),
        ("entrance", "второй подъезд"),
        ("entrance", "ой, сейчас, первый подъезд"),
        ("floor", "на 5-м этаже"),
        ("house", "15/2"),
        ("house", "дом 15а корпус 2"),
        ("flat", "квартира сорок два"),
    ],
)
def test_answers_are_in_the_grammar(loaded: dict[str, Grammar], slot: str, said: str) -> None:
    assert allows(loaded[slot], f" {said}"), f"«{said}» could not be heard after the question for {slot}"


@pytest.mark.parametrize(
    ("slot", "said"),
    [
        ("birth_date", "15 марта"),
        ("birth_date", "тридцать второго мая 1980 года"),
        ("birth_date", "не знаю"),
        ("temperature", "тридцать"),
        ("flat", "оператор"),
    ],
)
def test_other_words_are_not(loaded: dict[str, Grammar], slot: str, said: str) -> None:
    assert not allows(loaded[slot], f" {said}")


@pytest.mark.parametrize(
    "text",
    [
        "parts: {day: [первое]}\ngrammars: {birth_date: [day month]}",
        "parts: {day: [первое]}\ngrammars: {birth_date: [day?]}",
        "parts: {day: [{from: 1, to: 31, ways: [roman]}]}\ngrammars: {birth_date: [day]}",
        "parts: {day: [первое]}\ngrammars: {birthday: [day]}",
        "parts: {day: [первое]}\ngrammars: {birth_date: [day]}\ntold: {birthday: давно}",
        "parts: [",
        "",
    ],
)
def test_a_damaged_file_says_so_at_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "grammars.yml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"grammars\.yml"):
        grammars.load(encode, END, path)


def test_a_temperature_is_written_as_it_was_told(loaded: dict[str, Grammar]) -> None:
    assert "".join(map(chr, loaded["temperature"].told)).startswith(" Температура 38 и 5")
    assert loaded["entrance"].told == (), "numbers told are heard again"
