"""What a telephone line does to speech: noise, babble of others, lost packets, A-law. Pure; 8 kHz, units of int16."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from asr.audio import Pcm
from asr.protocol import RATE
from scripts.sound import through_alaw

Sound = npt.NDArray[np.float64]

BAND = (300, 3400)
"""Hz that a telephone carries (ITU-T G.120)."""
_FRAME = RATE // 50
_BELOW_LOUDEST = 10 ** (-30 / 20)
"""Frames of speech are those of 20 ms that are at most 30 dB under the loudest."""
_BEFORE, _BEHIND = RATE // 2, 3 * RATE // 2
"""Samples of the line around the speech. A caller is silent until he is answered, and over noise Silero takes half a
second and more to believe that: with half a second behind, 17 of 60 short answers at 15 dB were no turn at all."""
_VOICES = 4
"""People of the babble."""
_BABBLE = (0.2, 0.8)
"""Share of the babble in the noise's power, drawn for each answer."""
PACKET = RATE // 50
_BURST = 2.0
"""Packets that are lost in a row, on average."""
_FADE = 0.8
"""What each repetition of a packet keeps of its level: phones fade out within a tenth of a second."""


@dataclass(frozen=True)
class Condition:
    """`snr`: decibels between speech and noise; `lost`: share of 20 ms packets."""

    snr: float | None = None
    lost: float = 0.0


CONDITIONS = {
    "clean": Condition(), "20db": Condition(20), "15db": Condition(15), "10db": Condition(10),
    "lost": Condition(lost=0.03),
}  # fmt: skip


def through(speech: Pcm, condition: Condition, voices: Sequence[Pcm], random: np.random.Generator) -> Pcm:
    """The speech with the line before and behind it, as the other end hears it.

    `voices`: speech of others, of which a babble is made; needed where there is noise.
    """
    sound = np.concatenate([np.zeros(_BEFORE), speech.astype(np.float64), np.zeros(_BEHIND)])
    if condition.snr is not None:
        sound = with_noise(sound, mixed_noise(len(sound), voices, random), speech_level(speech), condition.snr)
    heard = through_alaw(sound)
    return lose(heard, condition.lost, random) if condition.lost else heard


def speech_level(speech: Pcm | Sound) -> float:
    """Root mean square of the frames that are speech; 0 of silence."""
    frames = speech[: len(speech) // _FRAME * _FRAME].astype(np.float64).reshape(-1, _FRAME)
    levels = np.sqrt(np.mean(frames**2, axis=1))
    if not len(levels) or levels.max() == 0:
        return 0.0
    return float(np.sqrt(np.mean(frames[levels >= levels.max() * _BELOW_LOUDEST] ** 2)))


def with_noise(sound: Sound, noise: Sound, loud: float, snr: float) -> Sound:
    """`sound` with `noise` that is `snr` decibels under speech of level `loud`."""
    return np.asarray(sound + noise * (loud * 10 ** (-snr / 20) / max(_level(noise), 1e-9)))


def mixed_noise(samples: int, voices: Sequence[Pcm], random: np.random.Generator) -> Sound:
    """Pink noise and babble in a proportion of chance, level 1."""
    share = random.uniform(*_BABBLE)
    return np.asarray(np.sqrt(share) * babble(samples, voices, random) + np.sqrt(1 - share) * pink(samples, random))


def pink(samples: int, random: np.random.Generator) -> Sound:
    """Noise with the same power in every octave of the telephone's band, level 1."""
    spectrum = np.fft.rfft(random.normal(size=samples))
    frequencies = np.fft.rfftfreq(samples, 1 / RATE)
    inside = (frequencies >= BAND[0]) & (frequencies <= BAND[1])
    shaped = np.where(inside, spectrum / np.sqrt(np.maximum(frequencies, 1.0)), 0)
    noise = np.fft.irfft(shaped, samples)
    return np.asarray(noise / max(_level(noise), 1e-9))


def babble(samples: int, voices: Sequence[Pcm], random: np.random.Generator) -> Sound:
    """Some of the voices at once, each from another moment on and over and over again, level 1."""
    chosen = random.choice(len(voices), min(_VOICES, len(voices)), replace=False)
    whole = np.zeros(samples)
    for index in chosen:
        voice = voices[index].astype(np.float64) / max(speech_level(voices[index]), 1e-9)
        whole += np.resize(np.roll(voice, int(random.integers(len(voice)))), samples)
    return np.asarray(whole / max(_level(whole), 1e-9))


def lose(sound: Pcm, share: float, random: np.random.Generator) -> Pcm:
    """Packets lost in bursts; a phone repeats the last one that came, softer each time."""
    heard, is_lost = sound.copy(), False
    for start in range(PACKET, len(sound) - PACKET + 1, PACKET):
        # a chain of two states that is lost for `share` of the time, and `_BURST` packets in a row
        chance = 1 - 1 / _BURST if is_lost else share / (1 - share) / _BURST
        is_lost = bool(random.random() < chance)
        if is_lost:
            heard[start : start + PACKET] = heard[start - PACKET : start] * _FADE
    return heard


def _level(sound: Sound) -> float:
    return float(np.sqrt(np.mean(sound**2))) if len(sound) else 0.0
