"""Promise: what a worker says arrives as it was said; what nobody meant is refused, and the rest is still heard."""

from __future__ import annotations

import struct

import pytest

from asr import protocol as p
from core.errors import BadInput
from core.events import Alternative


@pytest.mark.parametrize(
    "message",
    [
        p.Open(line=3, call_id="a1"),
        p.Expect(line=3, expects="yes_no", slot="confirm", candidates=["да", "нет"], hints=["Подольск"]),
        p.Expect(line=3),
        p.Take(line=0, turn_id="t"),
        p.Discard(line=65535),
        p.Close(line=1),
    ],
)
def test_control_round_trip(message: p.ClientMessage) -> None:
    assert p.read_control(message.model_dump_json()) == message


@pytest.mark.parametrize(
    "message",
    [
        p.Speech(line=3, sample=16384),
        p.Silence(line=3, sample=40000, turn_id="t"),
        p.Resumed(line=3, turn_id="t"),
        p.Turn(line=3, turn_id="t", text="да", alternatives=[Alternative(text="да", score=-0.3)], closed=True),
        p.Error(code="bad_audio", message="half a message"),
    ],
)
def test_server_round_trip(message: p.ServerMessage) -> None:
    assert p.read_server(message.model_dump_json()) == message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '{"type": "open"}',
        '{"type": "sing", "line": 1}',
        '{"type": "open", "line": -1, "call_id": "x"}',
        '{"type": "open", "line": 70000, "call_id": "x"}',
        '{"type": "open", "line": 1, "call_id": "x", "more": 1}',
        '{"type": "expect", "line": 1, "expects": "anything"}',
        '{"type": "take", "line": 1, "turn_id": "' + "x" * 70_000 + '"}',
    ],
)
def test_bad_control_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        p.read_control(text)


def test_a_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(BadInput) as error:
        p.read_control('{"type": "expect", "line": 1, "hints": ["Иванова", ""]}')
    assert "Иванова" not in str(error.value)


def test_audio_round_trip() -> None:
    frames = {0: b"\1\2" * 320, 7: b"\3\4" * 160, 65535: b""}
    entries, fault = p.unpack_audio(p.pack_audio(frames))
    assert fault is None
    assert dict(entries) == {0: frames[0], 7: frames[7]}


def test_more_than_a_second_is_split() -> None:
    entries, fault = p.unpack_audio(p.pack_audio({1: b"\1\2" * 20_000}))
    assert fault is None
    assert [len(pcm) // 2 for _, pcm in entries] == [8000, 8000, 4000]


def entry(line: int, samples: int, pcm: bytes) -> bytes:
    return struct.pack("<HH", line, samples) + pcm


GOOD = entry(1, 2, b"abcd")


@pytest.mark.parametrize(
    ("message", "heard", "code"),
    [
        pytest.param(GOOD + entry(2, 4, b"abc"), [1], "bad_audio", id="half an entry"),
        pytest.param(GOOD + b"\1", [1], "bad_audio", id="half a head"),
        pytest.param(GOOD + entry(2, 2, b"abc"), [1], "bad_audio", id="odd length"),
        pytest.param(
            entry(2, 9000, bytes(18_000)) + GOOD, [1], "too_large", id="an oversized entry, a good one behind"
        ),
        pytest.param(bytes(p.MAX_AUDIO_BYTES + 1), [], "too_large", id="an oversized message"),
    ],
)
def test_bad_audio(message: bytes, heard: list[int], code: str) -> None:
    entries, fault = p.unpack_audio(message)
    assert [line for line, _ in entries] == heard
    assert fault is not None
    assert fault.code == code


def test_odd_pcm_is_refused_by_the_sender() -> None:
    with pytest.raises(BadInput):
        p.pack_audio({1: b"abc"})
