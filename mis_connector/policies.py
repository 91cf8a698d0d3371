"""When to try again and when to leave the MIS alone: pure, fed with time stamps (seconds, monotonic)."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Exponential, with jitter so that requests which failed together do not come back together."""

    first: float = 1.0
    factor: float = 2.0
    longest: float = 60.0

    def seconds(self, attempt: int, chance: Callable[[], float] = random.random) -> float:
        """Pause before the try after the `attempt`-th (1, 2, …): half to whole of the exponential step."""
        step = min(self.longest, self.first * self.factor ** min(max(attempt, 1) - 1, 30))
        return step * (0.5 + 0.5 * chance())


class Breaker:
    """Opens after `failures` failures in a row; then one probe at a time, each after a longer pause.

    While it is open nobody waits for time-outs of a MIS that is down, and a MIS that comes back is not run over.
    """

    def __init__(self, failures: int = 5, first_pause: float = 2.0, longest_pause: float = 30.0) -> None:
        self._limit = failures
        self._pause = Backoff(first_pause, 2.0, longest_pause)
        self._failed = 0
        self._trips = 0
        self._closed_at: float | None = None
        """Until when nobody may pass; None while the breaker is closed."""

    def is_open(self, now: float) -> bool:
        """True while nobody may pass."""
        return self._closed_at is not None and now < self._closed_at

    @property
    def probing(self) -> bool:
        """True when the next request is a probe: one is enough."""
        return self._closed_at is not None

    def admit(self, now: float) -> bool:
        """True when a request may go out now. The first one after the pause is the probe; others are refused."""
        if self._closed_at is None:
            return True
        if now < self._closed_at:
            return False
        self._closed_at = now + self._pause.seconds(self._trips + 1)
        return True

    def succeeded(self) -> None:
        self._failed = 0
        self._trips = 0
        self._closed_at = None

    def failed(self, now: float) -> None:
        self._failed += 1
        if self._failed >= self._limit:
            self._trips += 1
            self._closed_at = now + self._pause.seconds(self._trips)
