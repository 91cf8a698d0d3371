"""Promise: the dashboard is closed to everybody who lacks the password, and guessing is slow."""

from __future__ import annotations

from pydantic import SecretStr

from core.settings import Settings
from dashboard.login import SECONDS, TRIES, Guard, session_secret


def guard(password: str = "right") -> Guard:
    return Guard(Settings(dashboard_password=SecretStr(password)))


def test_only_the_password_opens() -> None:
    door = guard()
    assert door.check("right", 0.0)
    assert not door.check("", 0.0)
    assert not door.check("Right", 0.0)


def test_no_configured_password_means_closed() -> None:
    assert not guard("").check("", 0.0)


def test_guessing_locks_the_door_for_a_while() -> None:
    door = guard()
    for number in range(TRIES):
        assert not door.check("wrong", float(number))
    assert not door.check("right", TRIES + 1.0)
    assert door.check("right", SECONDS + 1.0)


def test_a_new_password_ends_old_sessions() -> None:
    before = session_secret(Settings(dashboard_password=SecretStr("a"), api_token=SecretStr("t")))
    assert before != session_secret(Settings(dashboard_password=SecretStr("b"), api_token=SecretStr("t")))
