"""The region as the connector needs it: streets with their FIAS GUIDs, clinics that serve them, rules."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import ConfigurationError
from mis_connector.model import Address, Urgency
from mis_connector.times import Hours, UrgencyRule, age_months, next_opening, urgency, visit_date, visit_time


@dataclass(frozen=True)
class Town:
    town_id: str
    guid: str
    kind: str
    name: str


@dataclass(frozen=True)
class Street:
    street_id: str
    guid: str
    town: Town
    kind: str
    name: str


@dataclass(frozen=True)
class Clinic:
    clinic_id: str
    name: str
    for_children: bool
    hours: Hours
    ecp_post: str | None = None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _HoursData(_Strict):
    opens: dt.time
    closes: dt.time
    same_day_until: dt.time
    weekend_hours: str = Field("", pattern=r"^(\d\d:\d\d-\d\d:\d\d)?$")

    def hours(self) -> Hours:
        weekend = None
        if self.weekend_hours:
            first, last = (dt.time.fromisoformat(part) for part in self.weekend_hours.split("-"))
            weekend = (first, last)
        return Hours(self.opens, self.closes, self.same_day_until, weekend)


class _RuleData(_Strict):
    from_months: int = Field(0, ge=0)
    under_months: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=35, le=43)
    words: re.Pattern[str] | None = None

    def rule(self) -> UrgencyRule:
        return UrgencyRule(self.from_months, self.under_months, self.temperature, self.words)


class _UrgencyData(_Strict):
    source: str
    approved_by: str | None
    within_hours: float = Field(gt=0)
    rules: list[_RuleData]


class EcpRules(_Strict):
    """How the region's ЕЦП.МИС wants a visit; ids are of its dictionaries."""

    call_profile: int
    call_type: int
    status: int
    who_call: dict[Literal["self", "other"], str]
    posts: str | None = None


class _RegionData(_Strict):
    number_prefix: str = Field(pattern=r"^[0-9A-ZА-Я]{1,8}$")
    child_under_years: int = Field(ge=1, le=21)
    default_hours: _HoursData
    holidays: list[str]
    urgency: _UrgencyData
    ecp: EcpRules


def _fold(text: str) -> str:
    """Towns and streets are compared without case and without ё: both are matters of spelling."""
    return " ".join(text.lower().replace("ё", "е").split())


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    except OSError as error:
        raise ConfigurationError(f"{path.name}: {type(error).__name__}; check VYZOV_REGION_DIR") from None


class Region:
    """Loaded once at start. Raises ConfigurationError that names file and row.

    `production` refuses a table of urgency that nobody signed: it decides who waits two hours and who a day.
    """

    def __init__(self, folder: Path, time_zone: str, *, production: bool = False) -> None:
        self.folder = folder
        self.zone = ZoneInfo(time_zone)
        rules = self._rules(folder / "region.yml")
        if production and not rules.urgency.approved_by:
            raise ConfigurationError(
                "region.yml: urgency: approved_by: nobody signed this table, and VYZOV_PRODUCTION is on. A doctor of "
                "the clinic must read it, change what is wrong and put a name and the date there"
            )
        self.number_prefix = rules.number_prefix
        self.ecp = rules.ecp
        self._child_months = rules.child_under_years * 12
        self._holidays = frozenset(rules.holidays)
        self._default_hours = rules.default_hours.hours()
        self._urgency = [data.rule() for data in rules.urgency.rules]
        self.towns = {row["town_id"]: Town(row["town_id"], row["guid"], row["kind"], row["name"])
                      for row in _rows(folder / "towns.csv")}  # fmt: skip
        self.streets = {row["guid"]: Street(row["street_id"], row["guid"], self.towns[row["town_id"]],
                                            row["kind"], row["name"])
                        for row in _rows(folder / "streets.csv")}  # fmt: skip
        self._by_name: dict[tuple[str, str], list[Street]] = {}
        for street in self.streets.values():
            self._by_name.setdefault((_fold(street.town.name), _fold(street.name)), []).append(street)
        self.clinics = self._clinics(folder)
        self._serving: dict[tuple[str, bool], Clinic] = {}
        for row in _rows(folder / "districts.csv"):
            clinic = self.clinics[row["clinic_id"]]
            self._serving[row["street_id"], clinic.for_children] = clinic

    @staticmethod
    def _rules(path: Path) -> _RegionData:
        try:
            return _RegionData.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except (OSError, yaml.YAMLError) as error:
            raise ConfigurationError(f"{path.name}: {type(error).__name__}; check VYZOV_REGION_DIR") from None
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ConfigurationError(f"{path.name}: {place}: {first['msg']}") from None

    def _clinics(self, folder: Path) -> dict[str, Clinic]:
        posts: dict[str, str] = {}
        if self.ecp.posts:
            posts = {row["clinic_id"]: row["med_staff_fact_id"] for row in _rows(folder / self.ecp.posts)}
        clinics = {}
        for number, row in enumerate(_rows(folder / "clinics.csv"), 2):
            try:
                fields: dict[str, Any] = {name: row[name] for name in _HoursData.model_fields}
                hours = _HoursData.model_validate(fields).hours()
            except (ValidationError, KeyError):
                raise ConfigurationError(f"clinics.csv, line {number}: hours are wrong") from None
            clinic_id = row["clinic_id"]
            clinics[clinic_id] = Clinic(clinic_id, row["name"], row["ages"] == "детская", hours, posts.get(clinic_id))
        return clinics

    def find_street(self, address: Address) -> Street | None:
        """The register's street of an address; None when there is none or several fit."""
        if address.street is None:
            return None
        found = self._by_name.get((_fold(address.town), _fold(address.street)), [])
        if address.street_kind is not None:
            found = [street for street in found if street.kind == address.street_kind]
        return found[0] if len(found) == 1 else None

    def clinic(self, address: Address, born: dt.date, today: dt.date) -> Clinic | None:
        """Which clinic serves the street for a patient of that age."""
        street = self.find_street(address)
        if street is None:
            return None
        return self._serving.get((street.street_id, age_months(born, today) < self._child_months))

    def urgency(self, born: dt.date, now: dt.datetime, temperature: float | None, complaint: str) -> Urgency:
        return urgency(self._urgency, born, now.date(), temperature, complaint)

    def visit_date(self, clinic: Clinic | None, now: dt.datetime, urgent: bool) -> dt.date:
        return visit_date(now, self._hours(clinic), urgent, self._holidays)

    def visit_time(self, clinic: Clinic | None, day: dt.date, now: dt.datetime) -> dt.datetime:
        return visit_time(day, now, self._hours(clinic), self._holidays)

    def next_opening(self, clinic: Clinic | None, now: dt.datetime) -> dt.datetime:
        return next_opening(now, self._hours(clinic), self._holidays)

    def local(self, moment: dt.datetime) -> dt.datetime:
        """A moment on the clinics' clocks."""
        return moment.astimezone(self.zone)

    def _hours(self, clinic: Clinic | None) -> Hours:
        return clinic.hours if clinic else self._default_hours
