"""When the doctor comes and how urgent it is: pure functions over the region's rules. Local times throughout."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from mis_connector.model import Urgency


@dataclass(frozen=True)
class Hours:
    """A clinic's hours as clinics.csv has them. `weekend` None: no visits at weekends and on holidays."""

    opens: dt.time
    closes: dt.time
    same_day_until: dt.time
    weekend: tuple[dt.time, dt.time] | None


@dataclass(frozen=True)
class UrgencyRule:
    """Urgent when everything that is set holds. Ages in whole months; `words` is searched in the complaint."""

    from_months: int = 0
    under_months: int | None = None
    temperature: float | None = None
    words: re.Pattern[str] | None = None

    def holds(self, months: int, temperature: float | None, complaint: str) -> bool:
        if months < self.from_months or (self.under_months is not None and months >= self.under_months):
            return False
        if self.temperature is not None and (temperature is None or temperature < self.temperature):
            return False
        return self.words is None or self.words.search(complaint.lower()) is not None


def age_months(born: dt.date, today: dt.date) -> int:
    """Whole months lived; 0 for a date of birth that is still to come."""
    return max(0, (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day))


def urgency(
    rules: Iterable[UrgencyRule], born: dt.date, today: dt.date, temperature: float | None, complaint: str
) -> Urgency:
    months = age_months(born, today)
    return "urgent" if any(rule.holds(months, temperature, complaint) for rule in rules) else "routine"


def is_day_off(day: dt.date, holidays: Collection[str]) -> bool:
    """Weekend or holiday; `holidays` holds «MM-DD»."""
    return day.weekday() >= 5 or day.strftime("%m-%d") in holidays


def service_hours(day: dt.date, hours: Hours, holidays: Collection[str]) -> tuple[dt.time, dt.time] | None:
    """When the clinic works that day; None when it does not."""
    return hours.weekend if is_day_off(day, holidays) else (hours.opens, hours.closes)


def visit_date(now: dt.datetime, hours: Hours, urgent: bool, holidays: Collection[str]) -> dt.date:
    """The day on which the doctor comes if the request is made at `now` (the clinic's local time).

    The same day before `same_day_until` (an urgent one: until the clinic closes), else the next day the
    clinic works. Night requests belong to the day that begins.
    """
    today = service_hours(now.date(), hours, holidays)
    if today is not None:
        until = today[1] if urgent else min(hours.same_day_until, today[1])
        if now.time() < until:
            return now.date()
    return next_service_day(now.date() + dt.timedelta(days=1), hours, holidays)


def next_service_day(day: dt.date, hours: Hours, holidays: Collection[str]) -> dt.date:
    """`day` or the first day after it on which the clinic works."""
    for later in range(30):  # the longest Russian holidays are under two weeks
        if service_hours(day + dt.timedelta(days=later), hours, holidays) is not None:
            return day + dt.timedelta(days=later)
    return day


def visit_time(day: dt.date, now: dt.datetime, hours: Hours, holidays: Collection[str]) -> dt.datetime:
    """The date and time that go into the MIS's record: now if it is for today, else when the clinic opens."""
    if day <= now.date():
        return now.replace(second=0, microsecond=0)
    opens = (service_hours(day, hours, holidays) or (hours.opens, hours.closes))[0]
    return dt.datetime.combine(day, opens, now.tzinfo)


def next_opening(now: dt.datetime, hours: Hours, holidays: Collection[str]) -> dt.datetime:
    """When the clinic opens next; `now` when it is open."""
    day = next_service_day(now.date(), hours, holidays)
    for _ in range(2):
        span = service_hours(day, hours, holidays) or (hours.opens, hours.closes)
        opens = dt.datetime.combine(day, span[0], now.tzinfo)
        if now < opens:
            return opens
        if now < dt.datetime.combine(day, span[1], now.tzinfo):
            return now
        day = next_service_day(day + dt.timedelta(days=1), hours, holidays)
    return opens
