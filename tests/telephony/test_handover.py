"""Promise: a caller who is to be handed over reaches a person where one can be reached, by one way or the other, and is
never left alone: not in dead air, not without a word when nobody answers, and the call goes on. Faster than life."""

from __future__ import annotations

import pytest

from core.events import CallEnded, CallTransferred, CallTransferring, PromptStarted
from core.settings import Settings
from core.words import TransferTo
from dialog.client import Answer, Transfer
from telephony.destinations import Destinations
from telephony.handover import NOTIFY_SECONDS, Referral, WantedWay
from telephony.prompts import OwnPrompt
from tests.telephony.fakes import ANSWERED, BUSY, OWN, REFUSED, RINGS, SILENT, Step, Timeline, asks

WISH = asks("Соединяю.", transfer=Transfer("operator", "wish"))
GO_ON = asks("Оператор занят. Продолжим?", "yes_no", slot="go_on")
END = asks("До свидания.", end="answered")
LEG_ANSWERED: list[Step] = [(0.1, 180), (3.0, 200), (30.0, 0)]
LEG_BUSY: list[Step] = [(0.5, 486)]


def ambulance(area: str | None = None) -> Answer:
    return asks("Соединяю со скорой.", transfer=Transfer("emergency", "red_flag", area))


@pytest.mark.parametrize(
    ("way", "refer", "leg", "tried", "result", "by", "status"),
    [
        ("auto", ANSWERED, None, ["refer"], "answered", "refer", 200),
        ("auto", BUSY, LEG_ANSWERED, ["refer"], "failed", "refer", 486),  # the operator is busy, whoever asks
        ("auto", RINGS, LEG_ANSWERED, ["refer"], "failed", "refer", 180),  # nobody answers
        ("auto", REFUSED, LEG_ANSWERED, ["refer", "leg"], "answered", "leg", 200),
        ("auto", SILENT, LEG_ANSWERED, ["refer", "leg"], "answered", "leg", 200),
        ("auto", [(0.1, 202), (0.2, 100), (0.5, 503)], LEG_ANSWERED, ["refer", "leg"], "answered", "leg", 200),
        ("auto", [], LEG_BUSY, ["refer", "leg"], "failed", "leg", 486),
        ("auto", REFUSED, [(0.1, 180)], ["refer", "leg"], "failed", "leg", 180),  # it rings for ever
        ("auto", REFUSED, None, ["refer", "leg"], "failed", "leg", None),  # no place for a call
        ("refer", REFUSED, LEG_ANSWERED, ["refer"], "failed", "refer", 405),
        ("leg", ANSWERED, LEG_ANSWERED, ["leg"], "answered", "leg", 200),
    ],
)
async def test_ways_of_handing_over(
    way: WantedWay,
    refer: list[Step],
    leg: list[Step] | None,
    tried: list[str],
    result: str,
    by: str,
    status: int | None,
) -> None:
    call = Timeline(WISH, GO_ON, END, way=way)
    call.line.refer_steps, call.line.leg_steps = refer, leg
    await call.run()
    assert [way for way, _ in call.line.transfers] == tried
    told = call.of(CallTransferred)
    assert [(e.result, e.way, e.status) for e in told] == [(result, by, status)]
    if result == "answered":
        assert [e.outcome for e in call.of(CallEnded)] == ["transferred"]
    else:  # the caller is back in the conversation
        assert [event for event, _ in call.dialog.turns] == ["start", "transfer_failed", "turn", "hangup"]
        assert call.dialog.failed == [Transfer("operator", "wish")]
        assert [e.outcome for e in call.of(CallEnded)] == ["answered"]
    if tried[-1] == "refer" or leg is not LEG_ANSWERED:  # else an operator speaks
        assert call.line.longest_silence < 7.1, "dead air"
    assert all(leg.ended for leg in call.line.legs)
    assert call.line.clock < 20 + 10 + 30


async def test_the_context_is_told_before_it_goes_out_and_means_nothing() -> None:
    call = Timeline(WISH, WISH, END)
    call.line.refer_steps = BUSY
    await call.run()
    contexts = [event.context for event in call.of(CallTransferring)]
    assert contexts == call.line.contexts
    assert len(set(contexts)) == 2, "one id, one hand-over"
    kinds = [event.type for event in call.events]
    assert kinds.index("call.transferring") < kinds.index("call.transferred")


async def test_a_caller_who_hangs_up_ends_the_second_leg() -> None:
    call = Timeline(WISH, way="leg")
    call.line.leg_steps = [(0.1, 180), (3.0, 200)]
    call.line.at(15, lambda: setattr(call.line, "gone", True))
    await call.run()
    assert call.line.legs[0].hung_up
    assert [e.outcome for e in call.of(CallEnded)] == ["transferred"]
    assert call.ear.said[-1] == ("close", None)


async def test_a_caller_who_hangs_up_while_it_rings_ends_it_too() -> None:
    call = Timeline(WISH, way="leg")
    call.line.leg_steps = [(0.1, 180)]
    call.line.at(8, lambda: setattr(call.line, "gone", True))
    await call.run()
    assert call.line.legs[0].hung_up
    assert [e.result for e in call.of(CallTransferred)] == ["failed"]
    assert [e.outcome for e in call.of(CallEnded)] == ["abandoned"]


async def test_a_worker_that_stops_ends_the_second_leg() -> None:
    call = Timeline(WISH, way="leg")
    call.line.leg_steps = [(0.1, 180), (3.0, 200)]
    call.line.at(15, call.conversation.cut_short)
    await call.run()
    assert call.line.legs[0].hung_up
    assert call.of(PromptStarted)[-1].text == OWN.closing.text
    assert [e.outcome for e in call.of(CallEnded)] == ["transferred"]


async def test_what_is_said_to_an_operator_is_not_listened_to() -> None:
    call = Timeline(WISH, way="leg")
    call.line.leg_steps = LEG_ANSWERED
    await call.run()
    assert call.ear.said.count(("close", None)) == 2  # when the operator answered, and at the end
    assert call.line.clock > 30


async def test_the_ambulance_is_that_of_the_patients_town() -> None:
    call = Timeline(ambulance("руза"))
    await call.run()
    assert call.line.transfers == [("refer", "sip:103@ruza")]
    assert [e.outcome for e in call.of(CallEnded)] == ["emergency"]


async def test_three_tries_are_enough() -> None:
    call = Timeline(*[WISH] * 9)
    call.line.refer_steps = BUSY
    await call.run()
    assert len(call.of(CallTransferred)) == 3
    assert call.of(PromptStarted)[-1].text == OWN.transfer_failed.text
    assert [e.outcome for e in call.of(CallEnded)] == ["failed"]


@pytest.mark.parametrize(("answer", "own"), [
    (WISH, OWN.transfer_failed), (ambulance(), OWN.transfer_failed_emergency),
])  # fmt: skip
async def test_without_a_dialog_a_failed_transfer_is_still_told(answer: Answer, own: OwnPrompt) -> None:
    call = Timeline(answer, (1000.0, END))
    call.line.refer_steps = BUSY
    await call.run()
    assert call.of(PromptStarted)[-1].text == own.text
    assert len(call.of(CallTransferred)) == 1
    assert [e.outcome for e in call.of(CallEnded)] == ["failed"]


def test_words_of_a_refer_that_is_still_open_are_not_taken_for_the_next() -> None:
    referral = Referral()
    referral.responded(405)
    referral.progressed(200, final=True)
    assert referral.verdict(1.0, 30.0) == "second_way"


@pytest.mark.parametrize("code", [100, 202])  # what the library may say of an accepted REFER
def test_an_accepted_refer_is_neither_an_answer_nor_word_of_one(code: int) -> None:
    referral = Referral()
    referral.progressed(code, final=False)
    referral.responded(202)
    assert referral.verdict(NOTIFY_SECONDS - 0.1, 30.0) is None
    assert referral.verdict(NOTIFY_SECONDS, 30.0) == "second_way"
    referral.notified()
    assert referral.verdict(NOTIFY_SECONDS, 30.0) is None
    assert referral.verdict(30.0, 30.0) == "decided"
    assert referral.status == 202


@pytest.mark.parametrize(
    ("to", "area", "called", "uri"),
    [
        ("operator", "Руза", "122", "sip:operator@192.0.2.1"),
        ("emergency", "Руза", "122", "sip:103@192.0.2.3"),
        ("emergency", " королёв ", "122", "sip:103@192.0.2.4"),
        ("emergency", None, "84960000000", "sip:103@192.0.2.5"),
        ("emergency", "Дубна", "84960000000", "sip:103@192.0.2.5"),
        ("emergency", "Дубна", "122", "sip:103@192.0.2.2"),
        ("emergency", None, "", "sip:103@192.0.2.2"),
    ],
)
def test_where_to(to: TransferTo, area: str | None, called: str, uri: str) -> None:
    deployed = Settings.model_validate({
        "operator_uri": "sip:operator@192.0.2.1", "emergency_uri": "sip:103@192.0.2.2",
        "emergency_uris": {"Руза": "sip:103@192.0.2.3", "Королев": "sip:103@192.0.2.4",
                           "84960000000": "sip:103@192.0.2.5"},
    })  # fmt: skip
    assert Destinations(deployed).find(to, area, called) == uri


@pytest.mark.parametrize("uri", ["sip:103@192.0.2.1:5060;transport=tcp", "sips:a@[2001:db8::1]", "sip:gw.example", ""])
def test_addresses_that_can_be_dialled(uri: str) -> None:
    assert Settings.model_validate({"operator_uri": uri}).operator_uri == uri


@pytest.mark.parametrize(
    "uri", ["103", "<sip:103@x>", "sip:", "sip:a b@x", "sip:103@x?Subject=x", "tel:103", "sip:a@b@c"]
)
def test_a_wrong_address_is_a_clear_error_before_any_call(uri: str) -> None:
    with pytest.raises(ValueError, match="must have a SIP URI such as"):
        Settings.model_validate({"operator_uri": uri})
    with pytest.raises(ValueError, match="Руза must have a SIP URI such as"):
        Settings.model_validate({"emergency_uris": {"Руза": uri}})
