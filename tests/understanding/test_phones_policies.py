"""Promise: a clinic that calls back reaches the caller, and a policy's check digits are used.

A wrong phone taken for sure is a doctor who cannot find the door and nobody to ask.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from num2words import num2words

from understanding.model import Heard, Understood
from understanding.phones import exists, understand_phone, understand_this_phone
from understanding.policies import luhn, snils_is_right, understand_policy

CALLER = "+79254375323"


def heard(slot: str, text: str, *scored: tuple[str, float], digits: str | None = None, **context: Any) -> Heard:
    return Heard.model_validate(
        {
            "expects": "policy" if slot == "policy" else "phone",
            "slot": slot,
            "text": text,
            "alternatives": [{"text": t, "score": s} for t, s in scored],
            "digits": digits,
            "context": {"today": "2026-11-22", **context},
        }
    )


def phone(text: str, *scored: tuple[str, float], digits: str | None = None, known: str | None = None) -> Understood:
    return understand_phone(heard("phone", text, *scored, digits=digits, known={"phone": known} if known else None))


@pytest.mark.parametrize(
    "text",
    [
        "плюс семь девятьсот двадцать пять четыреста тридцать семь пятьдесят три двадцать три",
        "восемь девятьсот двадцать пять четыреста тридцать семь пятьдесят три двадцать три",
        "девятьсот двадцать пять четыреста тридцать семь пятьдесят три двадцать три",
        "восемь девять два пять четыре три семь пять три два три",
        "восемь девятьсот двадцать пять сорок три семьдесят пять тридцать два три",
        "+7 925 437-53-23",
        "8 925 437 53 23",
        "8-925-437-53-23",
        "8 (925) 437-53-23",
        "89254375323",
        "9254375323",
        "7 925 437 53 23",
        "номер восемь девятьсот двадцать пять 437 53 23",
    ],
)
def test_groupings(text: str) -> None:
    answer = phone(text)
    assert answer.value == CALLER
    assert answer.complete
    assert answer.probability >= 0.9


def test_zeros() -> None:
    text = "восемь девятьсот десять шестьсот пятьдесят восемь шестьдесят семь ноль ноль"
    assert phone(text).value == "+79106586700"
    assert phone("восемь девятьсот три ноль четыре восемь двадцать восемь двадцать восемь").value == "+79030482828"


def test_random_phones_in_usual_groups() -> None:
    draw = random.Random(1)
    for _ in range(300):
        national = f"9{draw.choice(['03', '10', '16', '25', '26', '62', '77', '85'])}{draw.randrange(10**7):07d}"
        groups = [national[:3], national[3:6], national[6:8], national[8:]]
        spoken = " ".join(_group(group) for group in groups)
        answer = phone("восемь " + spoken)
        assert answer.value == "+7" + national, spoken


def _group(group: str) -> str:
    zeros = len(group) - len(group.lstrip("0"))
    rest = group.lstrip("0")
    return " ".join(["ноль"] * zeros + ([num2words(int(rest), lang="ru")] if rest else []))


@pytest.mark.parametrize(
    "text", ["8904-828-288", "8 910 223 98 3", "восемь девятьсот двадцать пять", "8 000 000 00 00", "номер", "9" * 100]
)
def test_what_is_no_number_is_asked_again(text: str) -> None:
    answer = phone(text)
    assert answer.value is None
    assert not answer.complete


def test_a_number_that_is_heard_badly_does_not_silence_the_right_one() -> None:
    """Whisper's free text lost a digit, the search along ten digits did not: the caller is asked."""
    answer = phone(
        "815-354-885",
        ("815-354-885", -0.7),
        ("восемь девятьсот двадцать пять четыреста тридцать семь пятьдесят три двадцать три", -0.8),
    )
    assert answer.value == CALLER
    assert 0.5 < answer.probability < 0.85
    other = phone("на другой", ("на другой", -0.7), ("8 925 437 53 23", -0.9))
    assert other.value is None or other.probability < 0.3, "an answer of another kind speaks against the number"


def test_one_digit_off_the_known_number_is_the_known_number() -> None:
    for text in ("8 925 437 53 24", "8 925 437 5 23", "8 925 437 53 233", "925 437 53 22"):
        answer = phone(text, known=CALLER)
        assert answer.value == CALLER
        assert 0.85 <= answer.probability < 0.95


def test_the_known_number_does_not_replace_another() -> None:
    assert (
        phone("восемь девятьсот десять шестьсот пятьдесят восемь шестьдесят семь ноль ноль", known=CALLER).value
        != CALLER
    )


def test_a_badly_recognised_number_is_never_sure() -> None:
    answer = phone("79269212853", ("79269212853", -0.58), ("79269212853", -0.66))
    assert answer.probability < 0.85


def test_keypad_wins() -> None:
    assert phone("", digits="89254375323").value == CALLER
    assert phone("восемь", digits="9254375323#").value == CALLER
    assert phone("", digits="12").value is None


def test_not_knowing_the_number() -> None:
    assert phone("не помню").meaning == "unknown"


@pytest.mark.parametrize("text", ["да, на этот", "да номер этот", "на этот же", "можно на этот"])
def test_this_phone_yes(text: str) -> None:
    assert understand_this_phone(heard("this_phone", text)).meaning == "yes"


@pytest.mark.parametrize("text", ["нет, на другой", "на другой номер", "нет, запишите другой"])
def test_this_phone_no(text: str) -> None:
    assert understand_this_phone(heard("this_phone", text)).meaning == "no"


def test_a_number_said_right_away_is_among_the_candidates() -> None:
    answer = understand_this_phone(heard("this_phone", "нет, на 8 925 437 53 23"))
    assert answer.meaning == "no"
    assert answer.candidates[0].value == CALLER
    same = understand_this_phone(heard("this_phone", "8 925 437 53 23", known={"phone": CALLER}))
    assert same.meaning == "yes"


def test_this_number_is_the_known_number() -> None:
    assert phone("на этот же номер", known=CALLER).value == CALLER
    assert phone("на этот же номер").value is None


def test_existence() -> None:
    assert exists("9254375323")
    assert not exists("0004375323")
    assert not exists("not a number")


def policy(text: str, *scored: tuple[str, float], **more: Any) -> Understood:
    return understand_policy(heard("policy", text, *scored, **more))


ENP = "5058420845003271"
SNILS = "11223344595"


def test_luhn_and_control_number() -> None:
    digits = [ENP[:-1] + str(last) for last in range(10)]
    assert sum(luhn(one) for one in digits) == 1
    assert snils_is_right(SNILS)
    assert not snils_is_right("11223344596")
    assert snils_is_right("00100199800")


def _with_check_digit(body: str) -> str:
    return next(body + str(last) for last in range(10) if luhn(body + str(last)))


def test_policy_with_right_check_digit() -> None:
    number = _with_check_digit("505842084500327")
    answer = policy(" ".join(number[i : i + 4] for i in range(0, 16, 4)))
    assert answer.value == {"kind": "enp", "number": number}
    assert answer.probability >= 0.85


def test_policy_with_wrong_check_digit_is_asked_again() -> None:
    number = _with_check_digit("505842084500327")
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert policy(wrong).value is None


def test_check_digits_choose_among_alternatives() -> None:
    right = _with_check_digit("505842084500327")
    wrong = right[:5] + str((int(right[5]) + 3) % 10) + right[6:]
    answer = policy(wrong, (wrong, -0.3), (right, -0.35))
    assert answer.value == {"kind": "enp", "number": right}


def test_snils_in_words() -> None:
    text = "сто двенадцать двести тридцать три четыреста сорок пять девяносто пять"
    assert policy(text).value == {"kind": "snils", "number": SNILS}


def test_temporary_certificate() -> None:
    answer = policy("123 456 789")
    assert answer.value == {"kind": "temporary", "number": "123456789"}
    assert answer.probability < 0.85  # it has no check digit


@pytest.mark.parametrize(
    "text",
    [
        "не знаю номер",
        "полиса нет под рукой",
        "полица нет под рукой",
        "не помню",
        "нет с собой",
        "нет",
        "потом скажу, не помню",
    ],
)
def test_no_policy_at_hand(text: str) -> None:
    answer = policy(text)
    assert answer.meaning == "unknown"
    assert answer.complete


def test_policy_from_the_keypad() -> None:
    assert policy("", digits=SNILS).value == {"kind": "snils", "number": SNILS}
    assert policy("", digits="123").value is None
