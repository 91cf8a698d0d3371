"""Promise: a MIS that is down is left alone and comes back gently; retries never come all at once or never end."""

from __future__ import annotations

from mis_connector.policies import Backoff, Breaker


def test_backoff_grows_to_its_bound() -> None:
    backoff = Backoff(1.0, 2.0, 60.0)
    longest = [backoff.seconds(n, lambda: 1.0) for n in (1, 2, 3, 7, 100, 10_000)]
    shortest = [backoff.seconds(n, lambda: 0.0) for n in (1, 2, 3, 7, 100, 10_000)]
    assert longest == [1.0, 2.0, 4.0, 60.0, 60.0, 60.0]
    assert shortest == [seconds / 2 for seconds in longest]
    assert backoff.seconds(0, lambda: 1.0) == 1.0


def test_breaker_opens_probes_and_closes() -> None:
    breaker = Breaker(failures=3, first_pause=2.0, longest_pause=30.0)
    for _ in range(2):
        assert breaker.admit(0.0)
        breaker.failed(0.0)
    assert not breaker.is_open(0.0)
    breaker.failed(0.0)
    assert breaker.is_open(0.5)
    assert not breaker.admit(0.9)
    assert not breaker.is_open(2.1)
    assert breaker.admit(2.1), "after the pause one probe may pass"
    assert not breaker.admit(2.2), "and only one"
    breaker.failed(2.3)
    assert breaker.is_open(3.0)
    assert breaker.admit(10.0)
    breaker.succeeded()
    assert breaker.admit(10.0)
    assert breaker.admit(10.0)
    assert not breaker.probing


def test_a_success_between_failures_keeps_it_closed() -> None:
    breaker = Breaker(failures=3)
    for _ in range(10):
        breaker.failed(0.0)
        breaker.failed(0.0)
        breaker.succeeded()
    assert breaker.admit(0.0)


def test_pauses_grow_to_their_bound() -> None:
    breaker = Breaker(failures=1, first_pause=1.0, longest_pause=8.0)
    now = 0.0
    for _ in range(10):
        breaker.failed(now)
        now += 8.0
        assert breaker.admit(now)
