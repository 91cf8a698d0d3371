"""Promise: the caller is heard from the first sound to the last, a click is no speech, a pause is no end.

Tables of (probability, milliseconds) go in, signals with their samples come out; no clock, no model.
"""

from __future__ import annotations

import pytest

from asr.segmenter import Paused, Resumed, Segmenter, Signal, Started

FRAME = 256


def ms(milliseconds: int) -> int:
    return milliseconds * 8


def heard(*timeline: tuple[float, int]) -> list[Signal]:
    """The signals of a timeline of (probability, frames of 32 ms)."""
    segmenter = Segmenter()
    signals = []
    for probability, frames in timeline:
        for _ in range(frames):
            if (signal := segmenter.feed(probability, FRAME)) is not None:
                signals.append(signal)
    return signals


SPEECH, SOFT, SILENCE = 0.95, 0.4, 0.02


@pytest.mark.parametrize(
    ("timeline", "signals"),
    [
        pytest.param([(SILENCE, 100)], [], id="silence is nothing"),
        pytest.param([(SILENCE, 3), (SPEECH, 2), (SILENCE, 50)], [], id="a click of 64 ms is nothing"),
        pytest.param(
            [(SILENCE, 3), (SPEECH, 5), (SILENCE, 20)],
            [Started(3 * FRAME), Paused(8 * FRAME)],
            id="a short «да» is a turn, with its first and last sample",
        ),
        pytest.param(
            [(SPEECH, 10), (SILENCE, 6), (SPEECH, 10)],
            [Started(0)],
            id="a pause under 0.2 s inside a word is no candidate",
        ),
        pytest.param(
            [(SPEECH, 10), (SOFT, 10), (SILENCE, 10)],
            [Started(0), Paused(20 * FRAME)],
            id="a word that fades is heard to its end",
        ),
        pytest.param([(SOFT, 50)], [], id="a murmur in the room does not begin a turn"),
        pytest.param(
            [(SPEECH, 10), (SILENCE, 10), (SPEECH, 2), (SILENCE, 30)],
            [Started(0), Paused(10 * FRAME)],
            id="a click in the pause does not void the turn",
        ),
        pytest.param(
            [(SPEECH, 10), (SILENCE, 10), (SPEECH, 5), (SILENCE, 10)],
            [Started(0), Paused(10 * FRAME), Resumed(20 * FRAME), Paused(25 * FRAME)],
            id="speech after the pause voids the turn, and a new candidate follows",
        ),
        pytest.param(
            [(SPEECH, 10), (SILENCE, 200)],
            [Started(0), Paused(10 * FRAME)],
            id="a long silence is told once",
        ),
    ],
)
def test_signals(timeline: list[tuple[float, int]], signals: list[Signal]) -> None:
    assert heard(*timeline) == signals


def test_silence_is_told_after_a_fifth_of_a_second() -> None:
    segmenter = Segmenter()
    for _ in range(10):
        segmenter.feed(SPEECH, FRAME)
    while not segmenter.feed(SILENCE, FRAME):
        pass
    assert ms(200) <= segmenter.position - 10 * FRAME < ms(200) + FRAME


def test_restart_keeps_the_sample_count() -> None:
    segmenter = Segmenter()
    for _ in range(10):
        segmenter.feed(SPEECH, FRAME)
    segmenter.restart()
    signals = [segmenter.feed(SPEECH, FRAME) for _ in range(3)]
    assert signals == [None, None, Started(10 * FRAME)]
    assert segmenter.voiced_samples == 3 * FRAME


def test_speech_that_went_on_is_counted_from_where_it_went_on() -> None:
    segmenter = Segmenter()
    for _ in range(20):
        segmenter.feed(SPEECH, FRAME)
    segmenter.continue_from(15 * FRAME)
    assert segmenter.speaking
    assert segmenter.voiced_samples == 5 * FRAME
