"""Who may see the pages: one supervisor's password, a signed session cookie, and patience against guessing."""

from __future__ import annotations

import hashlib
import hmac
from collections import deque

from core.settings import Settings

TRIES = 5
SECONDS = 60.0
"""At most TRIES wrong passwords in SECONDS, over all clients: one person logs in here, guessers come from anywhere."""


class Guard:
    """Checks passwords; fed with the time, so that tests need not wait."""

    def __init__(self, settings: Settings) -> None:
        self._password = settings.dashboard_password.get_secret_value()
        self._wrong: deque[float] = deque(maxlen=TRIES)

    def locked(self, now: float) -> bool:
        return len(self._wrong) == TRIES and now - self._wrong[0] < SECONDS

    def check(self, password: str, now: float) -> bool:
        """True for the right password. Always False while locked, and when no password is configured."""
        if self.locked(now) or not self._password:
            return False
        if hmac.compare_digest(password.encode(), self._password.encode()):
            return True
        self._wrong.append(now)
        return False


def session_secret(settings: Settings) -> str:
    """The key that signs session cookies: changes with the token and the password, so that a change logs out."""
    material = settings.api_token.get_secret_value() + "\0" + settings.dashboard_password.get_secret_value()
    return hashlib.sha256(b"dashboard session\0" + material.encode()).hexdigest()
