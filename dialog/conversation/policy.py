"""How sure is sure enough, how often is often enough: `script/policy.yml`, which explains every value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import time

from dialog.reader import Reader


@dataclass(frozen=True)
class Limits:
    failures: int
    failures_in_a_row: int
    silences: int
    corrections: int
    turns: int
    patients: int
    transfers: int


@dataclass(frozen=True)
class Hours:
    """When operators answer, local time; None: round the clock."""

    opens: time | None
    closes: time | None

    def open_at(self, now: time) -> bool:
        if self.opens is None or self.closes is None:
            return True
        if self.opens <= self.closes:
            return self.opens <= now < self.closes
        return now >= self.opens or now < self.closes  # over midnight


@dataclass(frozen=True)
class HomeVisit:
    """For whom a visit at home is not usual: who can walk, is grown up and has no high temperature."""

    enabled: bool
    age_from: float
    temperature_under: float

    def is_unusual(self, years: float | None, temperature: float | None, can_walk: bool | None) -> bool:
        """An unknown age, or a doubt whether the patient can walk, leaves the visit at home."""
        if not self.enabled or can_walk is not True or years is None:
            return False
        return years >= self.age_from and (temperature is None or temperature < self.temperature_under)


@dataclass(frozen=True)
class Policy:
    accept: float
    ask_back: float
    limits: Limits
    intent: float
    intent_over_free: float
    intent_clear: float
    intent_emergency: float
    adult_from: int
    operators: Hours
    home_visit: HomeVisit
    several: tuple[str, ...]
    no_street: tuple[str, ...]

    def means_several(self, text: str) -> bool:
        """Whether the words name more than one patient: «двое детей», «мне и ребёнку»."""
        return _has(text, self.several)

    def means_no_street(self, text: str) -> bool:
        """Whether the words say that the village has no streets."""
        return _has(text, self.no_street)


def _has(text: str, phrases: tuple[str, ...]) -> bool:
    said = f" {text.lower().replace('ё', 'е')} "
    return any(f" {words.replace('ё', 'е')} " in said for words in phrases)


def load_policy(reader: Reader, region: Reader | None) -> tuple[Policy, tuple[float, float]]:
    """The policy with what the region changes, and the defaults of `accept` and `ask_back`. Raises ScriptError."""
    defaults = (reader.number("accept", 0.5, 1), reader.number("ask_back", 0, 1))
    if defaults[1] > defaults[0]:
        raise reader.fail("ask_back", "must not be above accept")
    limits = reader.inner("limits")
    policy = Policy(
        accept=defaults[0],
        ask_back=defaults[1],
        limits=Limits(**{name: int(limits.number(name, 1, 200)) for name in Limits.__annotations__}),
        intent=reader.number("intent", 0, 1),
        intent_over_free=reader.number("intent_over_free", 0, 1),
        intent_clear=reader.number("intent_clear", 0, 1),
        intent_emergency=reader.number("intent_emergency", 0, 1),
        adult_from=int(reader.number("adult_from", 0, 18)),
        operators=_hours(reader.inner("operators")),
        home_visit=_home_visit(reader.inner("home_visit")),
        several=reader.texts("several"),
        no_street=reader.texts("no_street"),
    )
    limits.done()
    reader.done()
    if region is not None and region.has("operators"):
        policy = replace(policy, operators=_hours(region.inner("operators")))
    if region is not None and region.has("home_visit"):
        policy = replace(policy, home_visit=_home_visit(region.inner("home_visit")))
    return policy, defaults


def _hours(reader: Reader) -> Hours:
    times: list[time | None] = []
    for key in ("from", "until"):
        text = reader.optional_text(key)
        try:
            times.append(None if text is None else time.fromisoformat(text))
        except ValueError:
            raise reader.fail(key, 'must be a time like "08:00", in quotes') from None
    reader.done()
    if (times[0] is None) != (times[1] is None):
        raise reader.fail("from", "from and until go together")
    return Hours(times[0], times[1])


def _home_visit(reader: Reader) -> HomeVisit:
    rule = HomeVisit(
        enabled=reader.flag("enabled", True),
        age_from=reader.number("age_from", 0, 130),
        temperature_under=reader.number("temperature_under", 34, 43),
    )
    reader.done()
    return rule
