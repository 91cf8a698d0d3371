"""Promise: no word of the caller is lost or heard twice when a turn is taken, however the messages cross.

A line is fed with sound and made-up probabilities; the last test alone has the model.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from asr.audio import Pcm
from asr.line import TURN_LIMIT, Line
from asr.protocol import RATE, Error, Resumed, ServerMessage, Silence, Speech
from asr.vad import FRAME, Vad

LOUD = (8000 * np.sin(np.arange(FRAME) / 2)).astype(np.int16).tobytes()
QUIET = bytes(2 * FRAME)


def feed(line: Line, *timeline: tuple[bool, int]) -> list[ServerMessage]:
    """The messages of a timeline of (speech, frames of 32 ms)."""
    messages: list[ServerMessage] = []
    for speech, frames in timeline:
        for _ in range(frames):
            messages += line.receive(LOUD if speech else QUIET)
            while line.frame() is not None:
                messages += line.advance(0.95 if speech else 0.02)
    return messages


def turn_id(messages: list[ServerMessage]) -> str:
    return next(m.turn_id for m in reversed(messages) if isinstance(m, Silence))


def speech_frames(line: Line) -> int:
    """Frames with sound in the candidate turn."""
    assert line.candidate is not None
    loud = np.abs(line.candidate.pcm.astype(int)) > 1000
    return round(float(loud.sum() / (np.abs(np.frombuffer(LOUD, np.int16).astype(int)) > 1000).sum()))


def test_a_turn_holds_all_of_the_speech_and_its_pauses() -> None:
    line = Line.opened(1)
    messages = feed(line, (False, 20), (True, 10), (False, 10), (True, 10), (False, 10))
    assert [type(m) for m in messages] == [Speech, Silence, Resumed, Silence]
    assert speech_frames(line) == 20
    assert line.candidate is not None
    assert line.candidate.speech_seconds == pytest.approx(20 * FRAME / 8000)


def test_samples_count_from_open() -> None:
    speech, silence = feed(Line.opened(1), (False, 20), (True, 10), (False, 10))
    assert isinstance(speech, Speech)
    assert isinstance(silence, Silence)
    assert speech.sample == 20 * FRAME
    assert abs(silence.sample - 30 * FRAME) <= 80


def test_after_take_the_next_turn_holds_only_the_next_speech() -> None:
    line = Line.opened(1)
    first = turn_id(feed(line, (False, 20), (True, 10), (False, 10)))
    assert line.take(first) == []
    feed(line, (False, 20), (True, 5), (False, 10))
    assert speech_frames(line) == 5


def test_take_crosses_speech_that_goes_on() -> None:
    """The turn was taken just as the caller went on: what came after it is a turn of its own."""
    line = Line.opened(1)
    first = turn_id(feed(line, (False, 20), (True, 10), (False, 10), (True, 5)))
    (speech,) = line.take(first)
    assert isinstance(speech, Speech)
    assert speech.sample == 40 * FRAME
    feed(line, (True, 5), (False, 10))
    assert speech_frames(line) == 10


def test_take_crosses_a_later_candidate() -> None:
    line = Line.opened(1)
    first = turn_id(feed(line, (False, 20), (True, 10), (False, 10)))
    feed(line, (True, 6), (False, 10))
    speech, silence = line.take(first)
    assert isinstance(speech, Speech)
    assert isinstance(silence, Silence)
    assert speech_frames(line) == 6


def test_silence_is_told_by_the_sound_where_the_detector_lags() -> None:
    line = Line.opened(1)
    feed(line, (False, 20), (True, 10))
    messages: list[ServerMessage] = []
    frames = 0
    while not messages:
        line.receive(QUIET)
        messages = line.advance(0.9)
        frames += 1
    assert isinstance(messages[0], Silence)
    assert frames == 7, "0.2 s and no more"


def test_a_turn_cannot_be_taken_twice() -> None:
    line = Line.opened(1)
    first = turn_id(feed(line, (True, 10), (False, 10)))
    line.take(first)
    with pytest.raises(KeyError):
        line.take(first)


def test_discard_forgets() -> None:
    line = Line.opened(1)
    feed(line, (True, 10), (False, 10))
    line.discard()
    assert line.candidate is None
    line.receive(LOUD * 20)  # received, and not yet looked at
    line.discard()
    feed(line, (False, 20), (True, 4), (False, 10))
    assert speech_frames(line) == 4


def test_an_endless_turn_keeps_the_newest_minute_and_says_so() -> None:
    line = Line.opened(1)
    frames = TURN_LIMIT // FRAME + 100
    messages = feed(line, (True, frames), (False, 10))
    errors = [m for m in messages if isinstance(m, Error)]
    assert [e.code for e in errors] == ["turn_too_long"]
    assert line.candidate is not None
    assert len(line.candidate.pcm) <= TURN_LIMIT


@pytest.mark.parametrize("seconds", [2, 5, 10])
def test_a_lone_word_is_heard_after_a_long_answer(speech: Callable[[str], Pcm], seconds: int) -> None:
    """Who has said the full name and is then asked for the surname alone must not be taken for silent."""
    quiet = np.full(seconds * RATE, 8, np.int16)  # A-law has no zero
    sound = np.concatenate([speech("full_name"), quiet, speech("lone_surname"), quiet])
    line, vad, begun = Line.opened(1), Vad(), []
    line.receive(sound.tobytes())
    while (frame := line.frame()) is not None:
        for message in line.advance(vad.probabilities([frame], [line.vad])[0]):
            if isinstance(message, Speech):
                begun.append(message.sample)
            elif isinstance(message, Silence):
                line.take(message.turn_id)
    assert len(begun) == 2, begun


def test_other_voices_behind_the_caller_do_not_hold_the_turn_open(speech: Callable[[str], Pcm]) -> None:
    """A television 11 dB under the caller is speech to the detector, before and behind the answer."""
    random = np.random.default_rng(1)
    said = speech("address")
    names = ("full_name", "can_walk", "operator", "name", "birth_date")
    others = [np.roll(speech(name)[4000:-4000], int(random.integers(4000))) for name in names]
    whole = sum(np.resize(other, RATE + len(said)).astype(np.float64) for other in others)
    whole *= 0.28 * np.sqrt(np.mean(said[4000:-4000].astype(np.float64) ** 2)) / np.sqrt(np.mean(whole**2))
    whole[RATE:] += said
    line, vad = Line.opened(1), Vad()
    line.receive(np.clip(whole, -32768, 32767).astype(np.int16).tobytes())
    while (frame := line.frame()) is not None:
        line.advance(vad.probabilities([frame], [line.vad])[0])
    assert line.candidate is not None, "half a second after the caller's last word his turn goes on: a television is on"
    assert abs(line.candidate.end - (len(whole) - 4000)) < 0.3 * RATE
