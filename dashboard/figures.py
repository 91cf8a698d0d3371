"""The figures of the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import quantiles
from zoneinfo import ZoneInfo

from dashboard.history import History


@dataclass(frozen=True)
class Figures:
    """Since midnight in the clinics' time zone; latencies are voice to voice, seconds, None without turns."""

    calls: int
    created: int
    queued: int
    handed_over: int
    """To an operator or an ambulance."""
    failed: int
    p50: float | None
    p95: float | None


def midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """The last local midnight before `now`, in UTC."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def of_the_day(history: History, since: datetime) -> Figures:
    """Read the figures; blocks for a few milliseconds."""
    outcomes = history.outcomes(since)
    latencies = history.latencies(since)
    cuts = quantiles(latencies, n=20, method="inclusive") if len(latencies) > 1 else None
    return Figures(
        calls=sum(outcomes.values()),
        created=outcomes.get("created", 0),
        queued=outcomes.get("queued", 0),
        handed_over=outcomes.get("transferred", 0) + outcomes.get("emergency", 0),
        failed=outcomes.get("failed", 0) + outcomes.get("refused", 0),
        p50=cuts[9] if cuts else None,
        p95=cuts[18] if cuts else None,
    )
