"""Promise: the caller hears the day on which the doctor really comes, and an urgent request is known as one."""

from __future__ import annotations

import datetime as dt

import pytest

from core.settings import ROOT
from mis_connector.region import Region
from mis_connector.times import (
    Hours,
    age_months,
    next_opening,
    visit_date,
    visit_time,
)

HOURS = Hours(dt.time(8), dt.time(19), dt.time(12), (dt.time(9), dt.time(15)))
NO_WEEKENDS = Hours(dt.time(8), dt.time(19), dt.time(14), None)
HOLIDAYS = {"11-04", "01-01"}


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


# 2026-11-20 is a Friday, 2026-11-04 (holiday) a Wednesday
@pytest.mark.parametrize(
    ("now", "hours", "urgent", "day"),
    [
        ("2026-11-18T09:00", HOURS, False, "2026-11-18"),
        ("2026-11-18T11:59", HOURS, False, "2026-11-18"),
        ("2026-11-18T12:00", HOURS, False, "2026-11-19"),
        ("2026-11-18T00:30", HOURS, False, "2026-11-18"),
        ("2026-11-18T23:59", HOURS, False, "2026-11-19"),
        ("2026-11-18T18:59", HOURS, True, "2026-11-18"),
        ("2026-11-18T19:00", HOURS, True, "2026-11-19"),
        ("2026-11-20T15:00", HOURS, False, "2026-11-21"),
        ("2026-11-20T15:00", NO_WEEKENDS, False, "2026-11-23"),
        ("2026-11-21T10:00", NO_WEEKENDS, True, "2026-11-23"),
        ("2026-11-21T10:00", HOURS, False, "2026-11-21"),
        ("2026-11-21T15:00", HOURS, True, "2026-11-22"),
        ("2026-11-04T11:00", HOURS, False, "2026-11-04"),
        ("2026-11-04T15:30", HOURS, True, "2026-11-05"),
        ("2026-11-03T15:00", NO_WEEKENDS, False, "2026-11-05"),
        ("2026-12-31T20:00", NO_WEEKENDS, False, "2027-01-04"),
    ],
)
def test_visit_date(now: str, hours: Hours, urgent: bool, day: str) -> None:
    assert visit_date(at(now), hours, urgent, HOLIDAYS).isoformat() == day


@pytest.mark.parametrize(
    ("day", "now", "moment"),
    [
        ("2026-11-18", "2026-11-18T10:27:33", "2026-11-18T10:27"),
        ("2026-11-19", "2026-11-18T22:00", "2026-11-19T08:00"),
        ("2026-11-21", "2026-11-20T22:00", "2026-11-21T09:00"),
        ("2026-11-18", "2026-11-19T10:00", "2026-11-19T10:00"),
    ],
)
def test_time_in_the_record(day: str, now: str, moment: str) -> None:
    assert visit_time(dt.date.fromisoformat(day), at(now), HOURS, HOLIDAYS) == at(moment)


@pytest.mark.parametrize(
    ("now", "hours", "opens"),
    [
        ("2026-11-18T06:00", HOURS, "2026-11-18T08:00"),
        ("2026-11-18T12:00", HOURS, "2026-11-18T12:00"),
        ("2026-11-18T19:00", HOURS, "2026-11-19T08:00"),
        ("2026-11-20T20:00", HOURS, "2026-11-21T09:00"),
        ("2026-11-20T20:00", NO_WEEKENDS, "2026-11-23T08:00"),
        ("2026-11-21T12:00", NO_WEEKENDS, "2026-11-23T08:00"),
    ],
)
def test_next_opening(now: str, hours: Hours, opens: str) -> None:
    assert next_opening(at(now), hours, HOLIDAYS) == at(opens)


@pytest.mark.parametrize(
    ("born", "today", "months"),
    [
        ("2020-02-29", "2021-02-28", 11),
        ("2020-02-29", "2021-03-01", 12),
        ("2026-11-22", "2026-11-22", 0),
        ("2027-01-01", "2026-11-22", 0),
        ("1985-03-12", "2026-11-22", 500),
    ],
)
def test_age(born: str, today: str, months: int) -> None:
    assert age_months(dt.date.fromisoformat(born), dt.date.fromisoformat(today)) == months


@pytest.fixture(scope="module")
def region() -> Region:
    return Region(ROOT / "regions/sample", "Europe/Moscow")


@pytest.mark.parametrize(
    ("born", "temperature", "complaint", "urgency"),
    [
        ("2026-02-01", None, "кашляет", "urgent"),
        ("2025-06-01", 37.9, "кашляет", "routine"),
        ("2025-06-01", 38.0, "кашляет", "urgent"),
        ("2020-06-01", 38.4, "кашляет", "routine"),
        ("2020-06-01", 38.5, "кашляет", "urgent"),
        ("1960-06-01", 38.5, "кашель", "urgent"),
        ("1960-06-01", None, "давление, кружится голова", "routine"),
        ("1990-01-01", None, "рвота пять раз за день", "urgent"),
        ("1990-01-01", None, "Рвота сегодня уже 6 раз", "urgent"),
        ("1990-01-01", None, "вырвало один раз", "routine"),
        ("1990-01-01", None, "семь раз за день рвало", "urgent"),
        ("1990-01-01", None, "жидкий стул был восемь раз", "urgent"),
        ("1990-01-01", None, "жидкий стул два раза", "routine"),
    ],
)
def test_urgency_of_the_sample_region(
    region: Region, born: str, temperature: float | None, complaint: str, urgency: str
) -> None:
    now = at("2026-11-22T10:00+03:00")
    assert region.urgency(dt.date.fromisoformat(born), now, temperature, complaint) == urgency
