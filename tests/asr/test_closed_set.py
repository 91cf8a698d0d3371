"""Promise: a closed question hears its own wordings where they were said, and nothing of them in other speech."""

from __future__ import annotations

from pathlib import Path

import pytest

from asr.closed_set import expected, load, said
from asr.grammar import COMPLETE, Grammar
from core.errors import ConfigurationError

END = 0


def encode(text: str) -> list[int]:
    """A token for each letter."""
    return [ord(letter) for letter in text]


def grammar(*own: str) -> Grammar:
    answers = load()
    return answers.grammar(answers.wordings(own), encode, END)


def allows(grammar: Grammar, text: str) -> bool:
    state = grammar.start
    for token in [*encode(f" {text}"), END]:
        if token not in grammar.following(state):
            return False
        state = grammar.following(state)[token]
    return state == COMPLETE


@pytest.mark.parametrize(
    "text", ["Могу.", "могу", "Ну, да, могу.", "Да, могу, спасибо.", "Повторите.", "Не знаю, девушка."]
)
def test_a_wording_with_words_around_it_is_in_the_set(text: str) -> None:
    assert allows(grammar("могу", "да могу"), text)


@pytest.mark.parametrize("text", ["Могу, но не хочу.", "Да.", "Ну."])
def test_nothing_else_is(text: str) -> None:
    assert not allows(grammar("могу", "да могу"), text)


def test_a_question_to_be_answered_by_yes_and_no_has_all_ways_to_say_them() -> None:
    both = grammar("да", "нет", "могу")
    assert allows(both, "Ага.")
    assert allows(both, "Нет, конечно.")


@pytest.mark.parametrize(
    ("by_sound", "free", "seconds", "text"),
    [
        ({"да": -0.2, "нет": -6.0}, {"да": -0.9}, 0.3, "да"),
        ({"не дойду": -8.2}, {"не дай ту": -2.5, "не дай-то": -3.8}, 0.6, "не дойду"),  # nearly the same letters
        ({"правильно": -4.9}, {"тай-бина": -6.7}, 0.3, "правильно"),
        ({"да": -3.3, "да на этот": -3.9}, {"да но это": -6.2}, 0.7, "да на этот"),  # a «да» is shorter
        ({"нет": -6.3}, {"нет температура 40": -2.2}, 1.2, None),
        ({"нет": -5.5}, {"нет дом 12": -1.8}, 1.15, None),
        ({"нет": -1.5}, {"нет": -1.7}, 2.5, None),  # nobody says «нет» for two seconds: something was left out
        ({"я не знаю": -9.2}, {"задыхается": -6.6}, 0.93, None),
        ({}, {"переключительная опература": -2.4}, 1.5, "переключите на оператора"),
        ({"верно": -9.0}, {"да неправельно": -3.0}, 1.0, None),  # nearly «да правильно», and the contrary
        ({"да": -3.0}, {}, 0.3, None),
        ({}, {"рожаю": -2.3}, 0.5, None),
    ],
)
def test_which_was_said(by_sound: dict[str, float], free: dict[str, float], seconds: float, text: str | None) -> None:
    wordings = load().wordings(["да", "нет", "да правильно"])
    assert said(expected(wordings, by_sound, free, seconds), free) == text


def test_an_answer_goes_before_a_command_that_sounds_like_it() -> None:
    likely = expected(load().wordings(["мне", "себе"]), {"сейчас": -3.5, "себе": -5.0}, {"семе": -3.0}, 0.4)
    assert said(likely, {"семе": -3.0}) == "себе"


def test_a_file_with_a_mistake_is_told(tmp_path: Path) -> None:
    path = tmp_path / "closed_set.yml"
    path.write_text("before: [ну]\nbehind: [вот]\nalways: []\nyes_no: [да]\n")
    with pytest.raises(ConfigurationError, match="always"):
        load(path)
