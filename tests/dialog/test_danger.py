"""Promise: every call is asked for signs of danger that fit the age, and no answer but a plain «нет» goes past them.

A failure means that a sign of danger was overheard, or that a healthy caller was asked in circles.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dialog.conversation.danger import Dangers
from dialog.conversation.listening import Listening
from dialog.conversation.state import State
from dialog.conversation.step import Advance, Ask, Danger, Failed, GiveUp, Step
from dialog.conversation.turn import Heard
from dialog.urgent import UrgentWords
from tests.dialog.world import NOW, SCRIPT, World

TODAY = NOW.date()
DANGERS = Dangers(Listening(World(), TODAY), SCRIPT)


def patient(years: int | None = None, months: int | None = None, who: str = "self") -> State:
    state = State("call1")
    state.take("who", who, 0.95)
    if years is not None:
        state.take("age", {"years": years, "months": months}, 0.95)
    return state


def hear(state: State, text: str, *alternatives: tuple[str, float]) -> Step:
    """One answer; a failure is counted as the conversation counts it."""
    heard = Heard(text=text, alternatives=tuple({"text": other, "score": score} for other, score in alternatives))
    step = asyncio.run(DANGERS.hear(state, heard))
    if isinstance(step, Failed):
        state.failures["red_flags"] = state.failures.get("red_flags", 0) + 1
    return step


def asked(state: State, answer: str = "нет") -> list[str]:
    """All questions of a call in which everything is answered so."""
    questions = []
    while question := DANGERS.question(state):
        questions.append(question)
        hear(state, answer)
    return questions


@pytest.mark.parametrize(("years", "groups"), [(0, 3), (2, 3), (4, 2), (17, 2), (18, 2), (81, 2)])
def test_two_or_three_groups_by_age_and_a_plain_no_goes_on(years: int, groups: int) -> None:
    state = patient(years)
    questions = asked(state)
    assert len(questions) == groups
    assert state.value("red_flags") is False
    assert all(len(question) <= 130 for question in questions)


def test_children_and_grown_ups_are_asked_for_other_signs() -> None:
    child, adult = " ".join(asked(patient(3))).lower(), " ".join(asked(patient(50))).lower()
    assert all(
        sign in child for sign in ("дышать", "судорог", "посинел", "вялый", "живот", "сыпь", "рвот", "не пьёт", "мочил")
    )
    assert all(
        sign in adult for sign in ("дышать", "груди", "сознания", "судорог", "кровотеч", "отнялась", "травма", "отёк")
    )
    assert "трёх месяцев" in " ".join(asked(patient(0, 2)))


def test_an_age_that_was_not_said_comes_from_the_date_of_birth_or_from_who_it_is() -> None:
    born = patient()
    born.take("birth_date", f"{TODAY.year - 2}-01-01", 0.95)
    assert asked(born) == asked(patient(2))
    assert asked(patient(who="child")) == asked(patient(1))
    assert asked(patient()) == asked(patient(18))


def test_yes_is_danger_with_what_was_asked() -> None:
    state = patient(50)
    question = DANGERS.question(state)
    assert hear(state, "да") == Danger(question)


@pytest.mark.parametrize("text", ["нет но у него вроде сердце", "не знаю"])
def test_more_than_a_plain_no_leads_to_single_questions_and_then_to_the_next_group(text: str) -> None:
    state = patient(50)
    assert hear(state, text) == Ask("red_flags")
    first, second = SCRIPT.groups_for(50)
    for sign in first.signs:
        assert DANGERS.question(state) == sign
        assert hear(state, "нет") == Ask("red_flags")
    assert DANGERS.question(state) == second.ask
    assert isinstance(hear(state, "нет"), Advance)


def test_two_failures_lead_to_single_questions_and_two_more_to_an_operator() -> None:
    state = patient(50)
    assert isinstance(hear(state, "алло"), Failed)
    assert hear(state, "чего") == Ask("red_flags")
    assert DANGERS.question(state) == SCRIPT.groups_for(50)[0].signs[0]
    assert isinstance(hear(state, "не знаю"), Failed)
    assert hear(state, "не знаю") == GiveUp("red_flag")


def test_a_failure_does_not_count_against_the_next_sign() -> None:
    state = patient(50)
    hear(state, "не знаю")
    for _ in range(3):
        assert isinstance(hear(state, "алло"), Failed)
        assert hear(state, "нет") == Ask("red_flags")


@pytest.mark.parametrize(("text", "on"), [("нет судорог", True), ("нет судороги", False), ("нет что-то другое", False)])
def test_a_single_sign_may_be_denied_in_its_own_words(text: str, on: bool) -> None:
    state = patient(50)
    hear(state, "не знаю")
    for _ in range(3):
        hear(state, "нет")
    assert DANGERS.question(state) == "Судороги есть?"
    assert isinstance(hear(state, text), Ask if on else Failed)


@pytest.mark.parametrize("text", ["нет он вялый какой-то", "памперс сухой с утра", "да рвёт его без остановки"])
def test_a_childs_sign_in_the_answer_is_danger_with_the_callers_words(text: str) -> None:
    step = hear(patient(2), text)
    assert isinstance(step, Danger)
    assert step.words in text.replace("ё", "е")


def test_a_childs_sign_is_heard_in_an_alternative_too() -> None:
    assert hear(patient(2), "он алый", ("он алый", -0.4), ("он вялый", -0.5)) == Danger("вялый")
    assert isinstance(hear(patient(2), "он алый", ("он алый", -0.4), ("он вялый", -1.5)), Failed)


def test_no_grown_up_is_in_danger_for_being_sleepy() -> None:
    assert not isinstance(hear(patient(50), "нет вялый немного"), Danger)


def test_every_sign_that_counts_only_as_an_answer_is_asked_for() -> None:
    """The questions of its youngest age have a word of each such sign."""
    stems = {"limp": "вялый", "pale": "побледне", "inconsolable": "успокоить", "refuses_drink": "не пьёт",
             "repeated_vomiting": "рвота", "no_urine": "мочился", "belly_pain": "живот", "rash": "сыпь",
             "young_fever": "трёх месяцев"}  # fmt: skip
    signs: dict[str, Any] = {sign.id: sign for sign in UrgentWords().signs if sign.asked}
    assert signs.keys() == stems.keys()
    for name, stem in stems.items():
        assert stem in " ".join(group.ask for group in SCRIPT.groups_for(signs[name].asked[0]))
