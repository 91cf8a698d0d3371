"""Promise: a caller is neither cut off nor kept waiting; what a sound, a key or a quiet line means is a table."""

from __future__ import annotations

from typing import Literal

import pytest

from core.words import EXPECTS, Expects
from telephony.audio_port import FRAME_BYTES, Playlist, Playout, first_audible
from telephony.endpointing import PATIENCE, Candidate, Endpointing, Heard, Keypad, stops_prompt
from telephony.line import e164, user_part
from telephony.speaking import sentences
from telephony.watchdog import Watchdog
from tests.telephony.stubs import tone


def heard(
    began: float | None, last: float | None = None, text: str | None = None, *, closed: bool = False
) -> Heard:  # fmt: skip
    candidate = None if text is None else Candidate("t", text, closed=closed)
    return Heard(began, last, "t" if last is not None else None, candidate)


def test_every_expectation_has_its_patience() -> None:
    assert set(PATIENCE) == set(EXPECTS)


@pytest.mark.parametrize(
    ("expects", "what", "prompt_ended", "now", "verdict"),
    [
        ("yes_no", heard(None), 1.0, 7.9, None),
        ("yes_no", heard(None), 1.0, 8.0, "silence"),
        ("yes_no", heard(None), None, 60.0, None),  # our own prompt still plays
        ("yes_no", heard(2.0), 1.0, 10.0, None),  # still speaking
        ("yes_no", heard(2.0), 1.0, 18.0, "unclear"),  # sound without end
        ("yes_no", heard(2.0, 3.0, "да"), 1.0, 3.49, None),
        ("yes_no", heard(2.0, 3.0, "да"), 1.0, 3.5, "spoken"),
        ("yes_no", heard(2.0, 3.0), 1.0, 3.6, None),  # its text is not there yet
        ("yes_no", heard(2.0, 3.0), 1.0, 15.9, None),  # recognition is late, yet not lost
        ("yes_no", heard(2.0, 3.0), 1.0, 16.0, "lost"),
        ("yes_no", heard(2.0, 3.0, ""), 1.0, 3.3, "noise"),
        ("address", heard(2.0, 3.0, "подольск"), 1.0, 4.0, None),
        ("address", heard(2.0, 3.0, "подольск"), 1.0, 4.11, "spoken"),
        ("date", heard(2.0, 3.0, "двенадцатого марта"), 1.0, 3.91, "spoken"),
        (None, heard(2.0, 3.0, "вызовите врача"), 1.0, 3.9, None),
        (None, heard(2.0, 3.0, "вызовите врача"), 1.0, 4.0, "spoken"),
        ("number", heard(2.0, 10.5, "ну как сказать"), 1.0, 10.71, "spoken"),  # long enough: any pause ends it
        ("yes_no", heard(2.0, 3.0, "да"), None, 9.0, None),  # not before the prompt is over
        ("yes_no", heard(2.0, 3.0, "да"), 9.0, 9.0, "spoken"),
        ("yes_no", heard(2.0, 2.2, "кхм"), 9.0, 3.0, "noise"),  # short, over a prompt
        ("yes_no", heard(2.0, 2.2, "да", closed=True), 9.0, 9.0, "spoken"),
        ("yes_no", heard(2.0, 2.2, "да"), 1.0, 2.8, "spoken"),  # short, after the prompt
    ],
)
def test_end_of_turn(
    expects: Expects | None, what: Heard, prompt_ended: float | None, now: float, verdict: str | None
) -> None:
    assert Endpointing(expects).decide(what, prompt_ended, now) == verdict


def test_after_the_result_silence_ends_the_call_sooner() -> None:
    assert Endpointing(None, "done").decide(heard(None), 1.0, 3.9) is None
    assert Endpointing(None, "done").decide(heard(None), 1.0, 4.0) == "silence"
    assert Endpointing("yes_no", "confirm").decide(heard(None), 1.0, 4.0) is None


@pytest.mark.parametrize(
    ("what", "now", "stops"),
    [
        (heard(None), 5.0, False),
        (heard(2.0), 2.4, False),  # may still turn out to be a cough
        (heard(2.0), 2.5, True),
        (heard(2.0, 2.2), 9.0, False),  # a cough
        (heard(2.0, 2.35), 2.56, True),
    ],
)
def test_barge_in(what: Heard, now: float, stops: bool) -> None:
    assert stops_prompt(what, now) == stops


def test_a_text_of_a_void_turn_is_ignored() -> None:
    turn = Heard()
    turn.speech(1.0)
    turn.silence(2.0, "a")
    turn.resumed("a")
    turn.recognised(Candidate("a", "подольск"))
    assert turn.candidate is None
    turn.silence(4.0, "b")
    turn.recognised(Candidate("b", "подольск прохладная"))
    assert turn.candidate is not None
    assert turn.began == 1.0


@pytest.mark.parametrize(
    ("keys", "now", "entered"),
    [
        ([("1", 0.0)], 2.9, None),
        ([("1", 0.0)], 3.0, "1"),
        ([("1", 0.0), ("2", 2.0)], 4.0, None),
        ([("1", 0.0), ("2", 1.0), ("#", 1.5)], 1.5, "12"),
        ([("0", 0.0)], 1.4, None),
        ([("0", 0.0)], 1.5, "0"),  # the operator
        ([("0", 0.0), ("1", 1.4)], 3.0, None),  # a date
        ([("#", 0.0)], 9.0, None),
        ([("A", 0.0), ("5", 0.1), ("#", 0.2), ("7", 0.3)], 0.3, "5"),
        ([(str(n % 10), n * 0.1) for n in range(50)], 5.0, "01234567890123456789012345678901"),
    ],
)
def test_keypad(keys: list[tuple[str, float]], now: float, entered: str | None) -> None:
    keypad = Keypad()
    for key, at in keys:
        keypad.press(key, at)
    assert keypad.entered(now) == entered


Step = tuple[float, int | None, bool, Literal["probe", "vanished"] | None]


@pytest.mark.parametrize(
    ("steps", "answer"),
    [
        ([(0, 10, False, None), (1, 60, False, None), (2, 110, False, None)], None),
        ([(0, 10, False, None), (2, 10, False, None), (3, 10, False, "probe"), (6, 10, False, None),
          (7, 10, False, "vanished")], None),
        # quiet, but it answers: a telephone that suppresses silence
        ([(0, 10, False, None), (3, 10, False, "probe"), (4, 10, False, None), (13, 10, False, None),
          (14, 10, False, "probe")], True),
        ([(0, 10, False, None), (3, 10, False, "probe"), (4, 10, False, "vanished")], False),
        # on hold there is no stream at all
        ([(0, 10, False, None), (1, None, True, None), (9, None, True, None), (10, None, True, "probe")], None),
        ([(0, None, False, None), (3, None, False, "probe")], None),
    ],
)  # fmt: skip
def test_watchdog(steps: list[Step], answer: bool | None) -> None:
    dog = Watchdog()
    for now, packets, held, expected in steps:
        assert dog.observe(now, packets, held) == expected
        if expected == "probe" and answer is not None:
            dog.answered(now + 0.5, answer)


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ('"Анна" <sip:+79161234567@10.0.0.1>', "+79161234567"),
        ("<sip:89161234567@trunk>", "+79161234567"),
        ("<sip:9161234567@trunk>", "+79161234567"),
        ("<sip:79161234567;phone-context=x@trunk;user=phone>", "+79161234567"),
        ("<tel:+7-916-123-45-67>", "+79161234567"),
        ("<sip:+380441234567@trunk>", "+380441234567"),
        ("<sip:anonymous@anonymous.invalid>", ""),
        ("<sip:122@trunk>", ""),
        ("<sip:trunk.example>", ""),
        ("", ""),
        ("<sip:'; drop table calls--@x>", ""),
    ],
)
def test_the_callers_number(uri: str, number: str) -> None:
    assert e164(uri) == number


def test_the_called_number() -> None:
    assert user_part("<sip:122@127.0.0.1:5060>") == "122"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Здравствуйте! Вам нужен врач?", ["Здравствуйте!", "Вам нужен врач?"]),
        ("Записал: ул. Лесная, д. 5. Всё верно?", ["Записал: ул. Лесная, д. 5.", "Всё верно?"]),
        ("Да. Продолжим дальше.", ["Да. Продолжим дальше."]),
        ("Пациент Иванов И. И. Верно?", ["Пациент Иванов И. И. Верно?"]),
        ("Температура 38.5 градуса?", ["Температура 38.5 градуса?"]),
        ("", []),
        ("   ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_what_is_played_leaves_without_a_gap_and_tells_when() -> None:
    playlist = Playlist()
    first, second = Playout(tone(0.03)), Playout(tone(0.02, lead=0.01))
    playlist.add(first)
    playlist.add(second)
    frames = [playlist.next_frame(clock) for clock in range(800, 800 + 160 * 4, 160)]
    assert [None if f is None else len(f) for f in frames] == [FRAME_BYTES] * 3 + [None]
    assert b"".join(f for f in frames if f)[: 2 * 480] == first.pcm + second.pcm
    assert (first.started, first.ended) == (800, 800 + 240)
    assert (second.started, second.ended) == (800 + 240, 800 + 480)
    assert second.audible == 800 + 240 + (first_audible(second.pcm) or 0)


def test_what_is_cleared_is_not_played() -> None:
    playlist = Playlist()
    playout = Playout(tone(1.0))
    playlist.add(playout)
    assert playlist.next_frame(0)
    playlist.clear(160)
    assert playlist.next_frame(160) is None
    assert (playout.ended, playout.cleared, playout.played) == (160, True, 160)


def test_silence_is_never_audible() -> None:
    assert first_audible(bytes(3200)) is None
    assert Playout(bytes(3200)).audible is None
