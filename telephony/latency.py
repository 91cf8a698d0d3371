"""How long a caller waits for an answer, part by part, on the line's one clock.

voice_to_voice is measured between two samples of the audio port's clock: the last sound of the caller, as the
recogniser found it, and the first sample above the threshold of hearing that was handed to the wire after it (a
filler counts: the caller hears it). Both directions share that clock, so what is missing from the wait that the
caller's own recording shows is only the way there and back, see PATH_SECONDS.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.events import Latency
from core.metrics import TURN_SECONDS
from telephony.audio_port import SAMPLE_RATE

PATH_SECONDS = 0.04
"""Added to voice_to_voice: the caller's mouth to our port and back to the ear. Measured with two of our end points on
loopback, PCMA, the library's own adaptive jitter buffers: an echo between the two callbacks of a port came back after
30 ms (quiet machine) to 50 ms (load of three times its cores); 18 turns of the stub dialog differed from the caller's
own recording by 30 to 50 ms without this constant. Measured anew by tests/telephony/test_worker.py. A real network's
own delay comes on top and cannot be seen from here."""


@dataclass
class TurnTimes:
    """Collected while a turn is answered. Samples are of the port's clock; None where there is nothing to measure
    (typed and silent turns, speech that ended while a prompt was still heard)."""

    last_sound: int | None = None
    decided: int | None = None
    recognition: float | None = None
    dialog: float | None = None
    synthesis: float | None = None
    answered: int | None = None
    """First audible sample of what was played after the turn."""

    def latency(self) -> Latency:
        """The parts as the event and the metrics have them, seconds rounded to milliseconds."""
        end_of_turn = voice = None
        if self.last_sound is not None and self.decided is not None:
            end_of_turn = (self.decided - self.last_sound) / SAMPLE_RATE
        if self.last_sound is not None and self.answered is not None:
            voice = (self.answered - self.last_sound) / SAMPLE_RATE + PATH_SECONDS
        parts = {
            "end_of_turn": end_of_turn,
            "recognition": self.recognition,
            "dialog": self.dialog,
            "synthesis": self.synthesis,
            "voice_to_voice": voice,
        }
        return Latency(**{name: None if value is None else round(value, 3) for name, value in parts.items()})


def observe(latency: Latency) -> None:
    """Into the histogram, every part that is known."""
    for part, seconds in latency.model_dump().items():
        if seconds is not None:
            TURN_SECONDS.labels(part).observe(seconds)
