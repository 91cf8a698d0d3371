"""Promise: whatever happens behind the worker, a caller is answered in order, never hears dead air, and every call ends
once, with the right outcome. Each test is the timeline of a call, run faster than life."""

from __future__ import annotations

import asyncio

import pytest

from core.events import (
    CallEnded,
    CallTransferred,
    HouseCallCreated,
    PromptFinished,
    PromptStarted,
    RecordingRefused,
    RedFlag,
    TurnRecognised,
)
from dialog.client import Answer, Filled, HouseCallResult, Say, Transfer
from telephony import speaking
from telephony.endpointing import Candidate
from telephony.hearing import Listener
from tests.telephony.fakes import OWN, Timeline, asks

END = asks("Вызов принят.", end="answered")
MADE = asks(
    "Вызов принят.", end="created", house_call=HouseCallResult("id", "122-000001", "delivered"),
    filled=(Filled("age", {"years": 3}, 0.9),),
)  # fmt: skip


async def test_a_whole_call_in_the_order_of_the_interface() -> None:
    call = Timeline(asks("Вам нужен врач?", "yes_no", slot="who"), MADE)
    call.after["Вам"] = call.says("да", closed=True)
    assert await call.run() == [
        "call.started", "prompt.started", "prompt.finished", "speech.started", "turn.recognised", "slot.filled",
        "house_call.created", "prompt.started", "prompt.finished", "call.ended",
    ]  # fmt: skip
    assert call.of(CallEnded)[0].outcome == "created"
    assert call.line.hung_up
    assert [event for event, _ in call.dialog.turns] == ["start", "turn", "hangup"], "the dialog must forget the call"
    assert call.dialog.turns[1][1].text == "да"
    assert call.ear.said == [
        ("open", "call"), ("expect", "yes_no"), ("take", "turn-1"), ("expect", None), ("close", None)
    ]  # fmt: skip


async def test_latency_of_a_turn_is_complete_when_it_is_told() -> None:
    call = Timeline(asks("Вам нужен врач?", "yes_no"), END)
    call.after["Вам"] = call.says("да", closed=True)
    await call.run()
    latency = call.of(TurnRecognised)[0].latency
    assert latency.end_of_turn == pytest.approx(0.5, abs=0.03)  # the patience of a yes or no
    assert latency.voice_to_voice == pytest.approx(0.5 + 0.04, abs=0.1)
    assert latency.recognition == 0.05
    assert latency.dialog is not None
    assert latency.synthesis is not None


async def test_an_address_may_have_pauses() -> None:
    call = Timeline(asks("Назовите адрес.", "address"), END)
    call.after["Назовите"] = call.says("подольск")
    await call.run()
    assert call.of(TurnRecognised)[0].latency.end_of_turn == pytest.approx(1.1, abs=0.03)


async def test_speech_over_a_prompt_stops_it() -> None:
    call = Timeline(Answer(say=(Say("Длинное начало."), Say("Вам нужен врач?")), expects="yes_no"), END)
    call.during["Длинное"] = call.says("да", wait=0.2, seconds=0.8, closed=True)
    await call.run()
    first, _ = call.of(PromptFinished)
    assert first.interrupted
    assert call.dialog.turns[1][1].text == "да"


@pytest.mark.parametrize(
    ("seconds", "closed", "text", "turn"),
    [
        (0.15, False, "кхм", None),  # a cough
        (0.15, False, "", None),
        (0.25, True, "да", "да"),  # a short word that was chosen by its score
    ],
)
async def test_a_short_sound_over_a_prompt_lets_it_go_on(
    seconds: float, closed: bool, text: str, turn: str | None
) -> None:
    call = Timeline(asks("Вам нужен врач?", "yes_no"), END)
    call.during["Вам"] = call.says(text, wait=0.1, seconds=seconds, closed=closed)
    await call.run()
    assert not call.of(PromptFinished)[0].interrupted
    heard = call.dialog.turns[1][1]
    assert (heard.text or None) == turn
    assert heard.silence == (turn is None)


async def test_words_over_a_prompt_that_must_be_heard_are_the_turn() -> None:
    call = Timeline(asks("Если задыхается, звоните сто три. Поняли?", "yes_no", barge_in=False), END)
    call.during["Если"] = call.says("да поняла", wait=0.1, seconds=0.6)
    await call.run()
    assert not call.of(PromptFinished)[0].interrupted
    assert call.dialog.turns[1][1].text == "да поняла"
    assert call.of(TurnRecognised)[0].latency.voice_to_voice is None  # there was no wait to measure


async def test_a_second_yes_does_not_confirm_the_next_question() -> None:
    slow = asks("Адрес верный?", "yes_no")
    call = Timeline(asks("Имя верное?", "yes_no"), (3.0, slow), END)

    def twice(now: float) -> None:
        call.ear.hears("да", now + 0.5, 0.4, closed=True)
        call.ear.hears("да", now + 1.9, 0.4, closed=True)

    call.after["Имя"] = twice
    await call.run()
    assert call.dialog.turns[2][1].silence


async def test_silence_is_a_turn_seven_seconds_after_the_prompt() -> None:
    call = Timeline(asks("Вам нужен врач?", "yes_no"), END)
    assert "turn.recognised" not in await call.run()
    assert call.dialog.turns[1][1].silence
    assert call.line.longest_silence == pytest.approx(7, abs=0.2)


async def test_on_hold_the_wait_for_speech_begins_anew() -> None:
    call = Timeline(asks("Вам нужен врач?", "yes_no"), END)

    def hold(now: float) -> None:
        call.line.at(now + 1, lambda: setattr(call.line, "held", True))
        call.line.at(now + 60, lambda: setattr(call.line, "held", False))

    call.after["Вам"] = hold
    await call.run()
    assert call.line.clock > 60 + 7


async def test_typed_digits_are_a_turn() -> None:
    call = Timeline(asks("Номер телефона?", "phone"), END)

    def types(now: float) -> None:
        for index, digit in enumerate("9161234567#"):
            call.line.at(now + 0.3 * index, lambda d=digit: call.line.on_digit_pressed(d))  # type: ignore[misc]

    call.during["Номер"] = types
    kinds = await call.run()
    assert call.dialog.turns[1][1].digits == "9161234567"
    assert kinds.count("dtmf") == 11
    assert call.of(PromptFinished)[0].interrupted


async def test_a_slow_dialog_is_not_dead_air() -> None:
    call = Timeline(asks("Вам нужен врач?", "yes_no"), (6.0, END))
    call.after["Вам"] = call.says("да", closed=True)
    await call.run()
    assert call.of(CallEnded)[0].outcome == "answered"
    assert call.line.longest_silence < 4.1


async def test_a_dialog_that_never_answers_is_an_apology_and_a_transfer() -> None:
    call = Timeline(asks("Вам нужен врач?", "yes_no"), (1000.0, END))
    call.after["Вам"] = call.says("да", closed=True)
    await call.run()
    _apologised(call)
    assert call.of(TurnRecognised)[0].text == "да"


@pytest.mark.parametrize("hangs", [False, True])
async def test_without_synthesis_the_caller_hears_an_apology(hangs: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaking, "SYNTHESIS_SECONDS", 0.005)  # the line runs faster than life
    call = Timeline(asks("Вам нужен врач?", "yes_no"))
    call.voice.works, call.voice.hangs = hangs, hangs
    await call.run()
    _apologised(call)


async def test_synthesis_that_dies_inside_a_prompt_is_an_apology() -> None:
    call = Timeline(asks("Здравствуйте, это служба сто двадцать два. Вам нужен врач?", "yes_no"))
    call.voice.fails_after = 1
    await call.run()
    _apologised(call)


async def test_an_ear_that_is_lost_for_long_is_an_apology() -> None:
    call = Timeline(asks("Вам нужен врач?", "yes_no"))
    call.after["Вам"] = lambda now: call.conversation._turn_taking.on_ear(False)
    await call.run()
    _apologised(call)


async def test_an_ear_that_comes_back_is_none() -> None:
    call = Timeline(asks("Вам нужен врач?", "yes_no"), END)

    def blink(now: float) -> None:
        listener = call.ear.listener
        assert listener is not None
        listener.on_ear(False)
        call.line.at(now + 1.0, lambda: listener.on_ear(True))
        call.ear.hears("да", now + 2.0, closed=True)

    call.after["Вам"] = blink
    await call.run()
    assert call.of(CallEnded)[0].outcome == "answered"


async def test_a_text_that_never_comes_is_an_apology() -> None:
    call = Timeline(asks("Вам нужен врач?", "yes_no"))
    call.after["Вам"] = lambda now: _answers(call, now)
    await call.run()
    _apologised(call)
    assert call.line.longest_silence < 4.1


async def test_a_text_that_comes_late_is_heard_and_no_dead_air() -> None:
    call = Timeline(asks("Вам нужен врач?", "yes_no"), END)

    def late(now: float) -> None:
        listener = _answers(call, now)
        call.line.at(now + 8, lambda: listener.on_recognised(Candidate("x", "да", closed=True)))

    call.after["Вам"] = late
    await call.run()
    assert call.of(CallEnded)[0].outcome == "answered"
    assert call.line.longest_silence < 4.1


def _answers(call: Timeline, now: float) -> Listener:
    """Speech and silence, without a text yet."""
    listener = call.ear.listener
    assert listener is not None
    call.line.at(now + 1, lambda: listener.on_speech(now + 1))
    call.line.at(now + 2, lambda: listener.on_silence(now + 1.8, "x"))
    return listener


async def test_endless_noise_is_a_turn_without_words() -> None:
    call = Timeline(asks("Вам нужен врач?", "yes_no"), END)

    def noise(now: float) -> None:
        listener = call.ear.listener
        assert listener is not None
        call.line.at(now + 1, lambda: listener.on_speech(now + 1))

    call.after["Вам"] = noise
    await call.run()
    turn = call.dialog.turns[1][1]
    assert (turn.text, turn.silence) == ("", False)
    assert ("discard", None) in call.ear.said


async def test_a_fault_of_our_own_is_an_apology() -> None:
    call = Timeline()  # the dialog's list is empty: IndexError inside the conversation
    await call.run()
    _apologised(call)


def _apologised(call: Timeline) -> None:
    assert OWN.apology_transfer.text in [prompt.text for prompt in call.of(PromptStarted)]
    assert call.line.transfers == [("refer", "sip:operator@x")]
    assert [e.reason for e in call.of(CallTransferred)] == ["error"]
    assert [e.outcome for e in call.of(CallEnded)] == ["transferred"]
    assert call.line.hung_up
    assert call.line.longest_silence < 6.1  # longest: speech without a text is waited for


async def test_an_emergency_is_transferred_even_without_a_voice() -> None:
    call = Timeline(asks("Соединяю со скорой.", transfer=Transfer("emergency", "red_flag")))
    call.voice.works = False
    await call.run()
    assert call.line.transfers == [("refer", "sip:103@x")]
    assert call.of(CallEnded)[0].outcome == "emergency"


@pytest.mark.parametrize("when", [0.0, 0.5, 1.2, 2.0, 3.0])
async def test_a_caller_who_hangs_up_ends_the_call_once(when: float) -> None:
    call = Timeline(asks("Вам нужен врач?", "yes_no"), asks("Точно?", "yes_no"), END)
    call.line.at(when, lambda: setattr(call.line, "gone", True))
    call.during["Вам"] = call.says("да", wait=0.2)
    await call.run()
    assert [e.outcome for e in call.of(CallEnded)] == ["abandoned"]
    assert call.dialog.turns[-1][0] == "hangup"
    assert call.ear.said[-1] == ("close", None)


async def test_a_house_call_made_while_the_caller_hung_up_is_told() -> None:
    call = Timeline(asks("Всё верно?", "yes_no"), (0.5, MADE))
    call.after["Всё"] = call.says("да", closed=True)

    def leave() -> None:
        call.line.gone = True
        asyncio.get_running_loop().call_later(0.05, call.line._agenda[-1][1])  # the dialog's answer comes later

    call.line.at(1.0 + 0.5 + 0.6 + 0.5 + 0.1, leave)
    await call.run()
    assert len(call.of(HouseCallCreated)) == 1
    assert [e.outcome for e in call.of(CallEnded)] == ["created"]


async def test_hanging_up_after_the_record_is_made_does_not_lose_the_outcome() -> None:
    more = asks("Вызов принят. Что-нибудь ещё?", "yes_no", house_call=HouseCallResult("id", "122-000001", "received"))
    call = Timeline(more)
    call.after["Вызов"] = lambda now: call.line.at(now + 1, lambda: setattr(call.line, "gone", True))
    await call.run()
    assert [e.outcome for e in call.of(CallEnded)] == ["queued"]


async def test_a_worker_that_stops_says_goodbye() -> None:
    call = Timeline(asks("Вам нужен врач?", "yes_no"))
    call.after["Вам"] = lambda now: call.line.at(now + 1, call.conversation.cut_short)
    await call.run()
    assert call.of(PromptStarted)[-1].text == OWN.closing.text
    assert [e.outcome for e in call.of(CallEnded)] == ["failed"]


async def test_an_overlong_call_ends_politely() -> None:
    call = Timeline(asks("Вам нужен врач?", "yes_no"))
    call.during["Вам"] = lambda now: setattr(call.line, "samples", call.line.samples + 8000 * 15 * 60)
    await call.run()
    assert call.of(PromptStarted)[-1].text == OWN.overlong.text


async def test_keys_over_a_prompt_that_must_be_heard_count() -> None:
    call = Timeline(asks("Если задыхается, звоните сто три.", "yes_no", barge_in=False), END)
    call.during["Если"] = lambda now: call.line.at(now + 0.3, lambda: call.line.on_digit_pressed("0"))  # type: ignore[misc]
    await call.run()
    assert not call.of(PromptFinished)[0].interrupted
    assert call.dialog.turns[1][1].digits == "0"


async def test_after_the_result_silence_ends_the_call_sooner() -> None:
    call = Timeline(asks("Вызов принят.", "yes_no", slot="done"), END)
    await call.run()
    assert call.dialog.turns[1][1].silence
    assert call.line.longest_silence == pytest.approx(3, abs=0.2)


async def test_what_is_to_be_slow_is_spoken_slowly() -> None:
    call = Timeline(Answer(say=(Say("Номер вызова пять.", slow=True), Say("До свидания.")), end="created"))
    await call.run()
    assert call.voice.slowly == ["Номер вызова пять."]


async def test_danger_is_told_with_the_question_that_was_open() -> None:
    call = Timeline(asks("Сколько лет?", "number", slot="age"), asks("Соединить?", "yes_no", red_flag="не дышит"), END)
    call.after["Сколько"] = call.says("не дышит")
    await call.run()
    assert [(e.words, e.slot) for e in call.of(RedFlag)] == [("не дышит", "age")]


async def test_a_refused_recording_is_told_once() -> None:
    refused = asks("Хорошо. Кому нужен врач?", "choice", slot="who", recording_refused=True)
    call = Timeline(asks("Слушаю.", "free"), refused, asks("Вызов принят.", end="answered", recording_refused=True))
    call.after["Слушаю"] = call.says("не записывайте меня")
    call.after["Хорошо"] = call.says("мне")
    await call.run()
    assert len(call.of(RecordingRefused)) == 1


async def test_a_fax_machine_is_hung_up_on_without_a_word() -> None:
    call = Timeline(asks("Вам нужен врач?", "yes_no"))
    call.after["Вам"] = lambda now: call.line.at(now + 1, call.conversation.dismiss)
    await call.run()
    assert [prompt.text for prompt in call.of(PromptStarted)] == ["Вам нужен врач?"]
    assert [e.outcome for e in call.of(CallEnded)] == ["abandoned"]
