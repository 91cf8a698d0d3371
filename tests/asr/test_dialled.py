"""Promise: a telephone number is heard in any grouping, and always with ten digits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from asr import grammars
from asr.dialled import Dialled
from asr.grammar import COMPLETE
from core.errors import ConfigurationError

END = 0


def encode(text: str) -> list[int]:
    """Every letter is a token, with the space before it."""
    return [1000 * len(piece) + ord(piece[-1]) for piece in re.findall(r" ?.", text)]


def allows(numbers: Dialled, text: str) -> bool:
    state = numbers.start
    for token in [*encode(text), END]:
        following = numbers.following(state)
        if token not in following:
            return False
        state = following[token]
    return state == COMPLETE


@pytest.fixture(scope="module")
def loaded() -> grammars.Numbers:
    return grammars.load_numbers(encode, END)


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("8 916 123 45 67", "9161234567"),
        ("8,916,123,4567.", "9161234567"),
        ("8-916-123-45-67", "9161234567"),
        ("+7 916 1234567", "9161234567"),
        ("Записывайте, 916 123 45 67", "9161234567"),
        ("Сейчас, номер 8 9 1 6 1 2 3 4 5 6 7 спасибо", "9161234567"),
        ("89161234567, вот.", "9161234567"),
        ("8 495 009 00 10", "4950090010"),
    ],
)
def test_a_number_in_digits(loaded: grammars.Numbers, said: str, number: str) -> None:
    assert allows(loaded.in_digits, f" {said}"), f"«{said}» could not be heard"
    assert loaded.in_digits.number(encode(f" {said}")) == number


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("восемь девятьсот шестнадцать сто двадцать три сорок пять шестьдесят семь", "9161234567"),
        ("Так, пишите, плюс семь девятьсот пять ноль ноль девять ноль пять двадцать", "9050090520"),
        ("Девятьсот десять четыреста семь тридцать сорок один", "9104073041"),
        ("девять ноль пять пять семь семь один ноль ноль один вот", "9055771001"),
        ("девятьсот пять триста сорок девяносто двадцать", "9053409020"),
    ],
)
def test_a_number_in_words_is_read_as_russian_does(loaded: grammars.Numbers, said: str, number: str) -> None:
    assert allows(loaded.in_words, f" {said}"), f"«{said}» could not be heard"
    assert loaded.in_words.number(encode(f" {said}")) == number


@pytest.mark.parametrize(
    "said",
    ["8 916 123 45 6", "8 916 123 45 67 8", "8 216 123 45 67", "не знаю", "", "8,,916 123 45 67", "916", "запишите"],
)
def test_nothing_else_is_a_number(loaded: grammars.Numbers, said: str) -> None:
    assert not allows(loaded.in_digits, f" {said}")


@pytest.mark.parametrize(
    "said",
    ["девятьсот шестнадцать", "девятьсот пять триста сорок пять девяносто двадцать один два", "двести шестнадцать"],
)
def test_too_few_and_too_many_digits_in_words(loaded: grammars.Numbers, said: str) -> None:
    assert not allows(loaded.in_words, f" {said}")


def test_searching_many_calls_fills_no_memory(loaded: grammars.Numbers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asr.dialled._KEPT", 5)
    for number in range(9161234500, 9161234530):
        assert allows(loaded.in_digits, f" {number}")
        assert len(loaded.in_digits._known) <= 5


def test_a_file_without_numbers_says_so_at_start(tmp_path: Path) -> None:
    path = tmp_path / "grammars.yml"
    path.write_text("parts: {day: [первое]}\ngrammars: {birth_date: [day]}")
    with pytest.raises(ConfigurationError, match="dialled"):
        grammars.load_numbers(encode, END, path)
