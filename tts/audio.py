"""What an engine rendered, made fit for the telephone: 8 kHz, its band, one loudness, no dead air around it."""

from __future__ import annotations

import io
import wave
from math import gcd

import numpy as np
from numpy.typing import NDArray

from core.errors import VyzovError

RATE = 8000
"""Samples a second of everything that leaves this room (G.711)."""

LEVEL_DBFS = -20.0
"""RMS of the speech parts. G.711 calls are aligned near it (ITU-T P.56 active level -20 to -26 dBov)."""
PEAK = 0.89
"""Highest sample, -1 dBFS: no clipping after A-law."""
BAND_HZ = (200.0, 3500.0)
"""What G.712 lets through is 300-3400 Hz; the edges are left a little wider for the phone's own filter."""
EDGE_HZ = 100.0
"""Width of the raised cosine at each edge of the band."""
FRAME = RATE // 200
"""5 ms, the step in which silence is looked for."""
SPEECH_DB = 40.0
"""A frame less than this below the loudest one is speech: weak fricatives lie 25-35 dB below vowels."""
LEAD, TAIL = RATE * 20 // 1000, RATE * 80 // 1000
"""Silence kept: each millisecond in front is latency that the caller hears."""

Samples = NDArray[np.float64]


class SilentAudio(VyzovError):
    """The engine answered, but with nothing that can be heard."""

    code = "silent_audio"


def read_wave(data: bytes) -> tuple[Samples, int]:
    """Samples in [-1, 1) and their rate, of a mono 16-bit RIFF file. Raises SilentAudio when it is not one."""
    try:
        with wave.open(io.BytesIO(data)) as file:
            if file.getsampwidth() != 2 or file.getnchannels() != 1:
                raise SilentAudio("the engine's file is not mono 16-bit PCM")
            pcm = file.readframes(file.getnframes())
            rate = file.getframerate()
    except (wave.Error, EOFError) as error:
        raise SilentAudio("the engine's file cannot be read") from error
    return np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2") / 32768.0, rate


def to_telephone(samples: Samples, rate: int) -> bytes:
    """8 kHz s16le PCM: resampled and band-limited, trimmed, levelled. Raises SilentAudio when nothing can be heard."""
    if samples.size < rate // 50 or not np.isfinite(samples).all() or np.abs(samples).max() < 1e-3:
        raise SilentAudio("the engine rendered silence")
    speech = _trim(_resample(samples, rate))
    loud = _frames(speech)
    active = loud[loud > loud.max() * 10 ** (-SPEECH_DB / 20)]
    gain = min(10 ** (LEVEL_DBFS / 20) / float(np.sqrt(np.mean(active**2))), PEAK / float(np.abs(speech).max()))
    return np.round(speech * (gain * 32767)).astype("<i2").tobytes()


def _resample(samples: Samples, rate: int) -> Samples:
    """To 8 kHz by Fourier transform of the whole utterance, which filters to the telephone's band in the same step."""
    unit = rate // gcd(rate, RATE)
    pad = unit * -(-rate // 10 // unit)  # 100 ms around: the filter's circle closes in silence, and a tail is there
    whole = -(-(samples.size + 2 * pad) // unit) * unit
    size = whole * RATE // rate
    padded = np.zeros(whole)
    padded[pad : pad + samples.size] = samples
    spectrum = np.fft.rfft(padded)[: size // 2 + 1]
    hertz = np.arange(spectrum.size) * (rate / whole)
    low = np.clip((hertz - BAND_HZ[0]) / EDGE_HZ + 0.5, 0, 1)
    high = np.clip((BAND_HZ[1] - hertz) / EDGE_HZ + 0.5, 0, 1)
    spectrum *= np.sin(low * np.pi / 2) ** 2 * np.sin(high * np.pi / 2) ** 2
    return np.fft.irfft(spectrum, size) * (size / whole)


def _frames(samples: Samples) -> Samples:
    """RMS of each 5 ms."""
    whole = samples[: samples.size // FRAME * FRAME].reshape(-1, FRAME)
    return np.asarray(np.sqrt(np.mean(whole**2, axis=1)))


def _trim(samples: Samples) -> Samples:
    loud = _frames(samples)
    speech = np.flatnonzero(loud > loud.max() * 10 ** (-SPEECH_DB / 20))
    first = max(int(speech[0]) * FRAME - LEAD, 0)
    last = min((int(speech[-1]) + 1) * FRAME + TAIL, samples.size)
    kept = samples[first:last].copy()
    ramp = np.linspace(0, 1, FRAME)
    kept[:FRAME] *= ramp
    kept[-FRAME:] *= ramp[::-1]
    return kept
