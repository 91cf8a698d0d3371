"""Notices a caller who vanished without BYE: no sound comes any more, and nobody answers a question in the dialog.

Silence alone proves nothing: a telephone that suppresses silence, or that has put us on hold, sends no packets and is
alive. So after QUIET_SECONDS without a packet the far end is asked (OPTIONS inside the dialog, RFC 3261, 11), and only
one that does not answer within ANSWER_SECONDS, or does not know the call (481), is taken for gone.
"""

from __future__ import annotations

from typing import Literal

QUIET_SECONDS = 3.0
"""Packets come every 20 ms, comfort noise at least every second or so."""
ANSWER_SECONDS = 4.0
"""Two retransmissions of the question over UDP (0.5, 1.5, 3.5 s) fit into it."""
REST_SECONDS = 10.0
"""Until a far end that answered, and is still quiet, is asked again."""


class Watchdog:
    """Fed about once a second with the number of RTP packets received; pure, times are seconds of any clock."""

    def __init__(self) -> None:
        self._packets: int | None = None
        self._quiet_since: float | None = None
        self._asked_at: float | None = None
        self._next_question = 0.0
        self._denied = False

    def observe(self, now: float, packets: int | None, held: bool) -> Literal["probe", "vanished"] | None:
        """`packets` None: there is no audio stream at present, as on hold: quiet too."""
        if self._quiet_since is None or (packets is not None and packets != self._packets):
            self._packets = packets
            self._quiet_since = now
            self._asked_at = None
            self._next_question = now + QUIET_SECONDS
            self._denied = False
            return None
        if self._denied or (self._asked_at is not None and now - self._asked_at >= ANSWER_SECONDS):
            return "vanished"
        if self._asked_at is None and now >= self._next_question + (REST_SECONDS - QUIET_SECONDS if held else 0):
            self._asked_at = now
            return "probe"
        return None

    def answered(self, now: float, alive: bool) -> None:
        """What came of the question: a response from the far end (`alive`), or word that the call is unknown."""
        if self._asked_at is None:
            return
        if alive:
            self._asked_at = None
            self._next_question = now + REST_SECONDS
        else:
            self._denied = True
