"""Promise: the call is led to the right record, and what is not certain is never confirmed as right.

A failure means a caller was asked in circles, was sent to the wrong place, or heard «принято» for a wrong record.
"""

from __future__ import annotations

from tests.dialog.world import ADDRESS, NAME, Call, World, talk


def test_a_plain_call_becomes_a_record_in_few_questions() -> None:
    call = talk(Call(World()))
    assert call.reply.end == {"outcome": "created"}
    assert "122-000042" in call.said
    ((key, body),) = call.world.calls
    assert key.startswith("call1-")
    assert body["patient"] == {"mis_id": "17", **NAME, "birth_date": "1945-05-26"}
    assert {k: body["address"][k] for k in ADDRESS} == ADDRESS
    assert body["phone"] == "+79254375323"
    assert (body["symptoms"], body["temperature"], body["urgency"]) == (call.world.say["symptoms"], 39.1, "urgent")
    assert len(call.asked) <= 15, call.asked
    assert call.filled["birth_date"] == "1945-05-26"


def test_the_greeting_is_short_and_says_what_it_must() -> None:
    call = Call(World())
    assert len(call.said) <= 130  # about 8 s of speech at 16 characters a second
    for word in ("робот", "записывается", "103", "112"):
        assert word in call.said
    assert (call.reply.slot, call.reply.expects) == (None, "free")
