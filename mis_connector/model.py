"""What goes in and out of the connector, as `docs/interfaces.md` and `docs/protocols.md` name it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from core.words import HouseCallState

Urgency = Literal["routine", "urgent"]


def _plain(text: str) -> str:
    """Refuse control characters: they have no place in a record and break databases (NUL) and forms."""
    if any(ord(c) < 32 and c not in "\n\t" for c in text):
        raise ValueError("control characters")
    return text


def _born(date: dt.date) -> dt.date:
    # the oldest documented person reached 122 years
    if not dt.date(1900, 1, 1) <= date <= dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1):
        raise ValueError("not a date of birth")
    return date


_PLAIN = AfterValidator(_plain)


def _length(longest: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest)


Name = Annotated[str, _length(50), _PLAIN]
"""ЕЦП.МИС takes at most 50 characters of a surname, first name or patronymic."""
Text10 = Annotated[str, _length(10), _PLAIN]
Text20 = Annotated[str, _length(20), _PLAIN]
Text100 = Annotated[str, _length(100), _PLAIN]
Text200 = Annotated[str, _length(200), _PLAIN]
Text1000 = Annotated[str, _length(1000), _PLAIN]
Text2000 = Annotated[str, _length(2000), _PLAIN]
BirthDate = Annotated[dt.date, AfterValidator(_born)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{9,14}$")]
MisId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.:\-]{1,64}$")]
Policy = Annotated[str, StringConstraints(pattern=r"^(?:[0-9]{9}|[0-9]{11}|[0-9]{16})$")]
"""Digits only: 16 of a policy (ЕНП), 11 of a SNILS, 9 of a temporary certificate."""
CallId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.\-]{1,64}$")]
IdempotencyKey = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{8,200}$")]


class _Model(BaseModel):
    # a validation error's text must not repeat what a caller said
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class PersonName(_Model):
    surname: Name
    name: Name | None = None
    patronymic: Name | None = None


class CallPatient(PersonName):
    """Whom the doctor visits. `mis_id` is null when the MIS does not know the patient."""

    name: Name
    birth_date: BirthDate
    mis_id: MisId | None = None


class Address(_Model):
    town: Text100
    street: Text100 | None = None
    street_kind: Text20 | None = None
    house: Text20 | None = Field(None, description="«12 к3», «5 с1», «7А», «14/2»")
    flat: Text10 | None = None
    entrance: Text10 | None = None
    floor: Text10 | None = None
    intercom: Text20 | None = None
    in_register: bool = False


class VisitAddress(Address):
    """Where the doctor goes: a house is a must."""

    house: Text20


class Caller(_Model):
    relation: Text20 = Field(description="self, child, parent, spouse, relative, other")
    name: Text200 | None = None


class NewHouseCall(_Model):
    """A request as the dialog takes it down."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "call_id": "7f1c0a4be2a84c0f9a5d0d3f0b1b2c3d",
                    "patient": {
                        "mis_id": "3674", "surname": "Зайцев", "name": "Никита", "patronymic": "Александрович",
                        "birth_date": "2002-09-25",
                    },
                    "address": {
                        "town": "Подольск", "street": "Прохладная", "street_kind": "ул", "house": "75", "flat": "173",
                        "entrance": "6", "floor": "3", "intercom": "358", "in_register": True,
                    },
                    "phone": "+79996914929",
                    "caller": {"relation": "self", "name": None},
                    "symptoms": "спину прихватило, встать не могу",
                    "temperature": None, "since": "третий день", "urgency": "routine", "notes": None,
                }
            ]
        },
    )  # fmt: skip

    call_id: CallId
    patient: CallPatient
    address: VisitAddress
    phone: Phone = Field(description="E.164; where the clinic calls back")
    caller: Caller = Caller(relation="self")
    symptoms: Text2000 = Field(description="The complaint in the caller's words")
    temperature: float | None = Field(None, ge=30, le=45, description="°C")
    since: Text200 | None = None
    urgency: Urgency = Field("routine", description="What the dialog found; the region's rules can only raise it")
    notes: Text1000 | None = Field(None, description="What else the doctor should know: cannot walk, contact")


class HouseCall(NewHouseCall):
    """A house call as it is stored."""

    house_call_id: str
    number: str = Field(description="What the caller hears: «122-000042»")
    state: HouseCallState
    reason: str | None = Field(None, description="Why the state is what it is: a code, see mis_connector/states.py")
    mis_id: str | None = Field(None, description="Id of the record in the MIS, once there is one")
    visit_date: dt.date
    created_at: dt.datetime


class StateChange(_Model):
    state: HouseCallState
    at: dt.datetime
    reason: str | None = None
    detail: str | None = Field(None, description="The MIS's own words")


class HouseCallSearch(_Model):
    state: HouseCallState | None = None
    since: dt.datetime | None = Field(None, description="Created at or after; without a zone it is UTC")
    limit: int = Field(100, ge=1, le=1000)
    phone: Phone | None = None
    birth_date: BirthDate | None = Field(None, description="The patient's")
    patient_mis_id: MisId | None = None
    active: bool = Field(False, description="Neither cancelled nor rejected, and the day of the visit is not over")


class HouseCalls(_Model):
    """Newest first."""

    house_calls: list[HouseCall]


class PatientSearch(_Model):
    """By birth date and likely names, by policy or SNILS, in the MIS; by phone, alone or with a birth date, among
    the patients of earlier house calls. Everybody who fits one of these is found."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "birth_date": "2002-09-25",
                    "names": [{"surname": "Зайцев", "name": "Никита", "patronymic": "Александрович"}],
                    "policy": None,
                    "phone": None,
                }
            ]
        },
    )

    birth_date: BirthDate | None = None
    names: list[PersonName] = Field([], max_length=12, description="Likeliest first")
    policy: Policy | None = None
    phone: Phone | None = None


class Patient(_Model):
    mis_id: str
    surname: str
    name: str | None
    patronymic: str | None
    birth_date: dt.date | None
    address: Address | None = Field(None, description="The registered one, if the MIS tells")
    clinic: str | None = Field(None, description="Where the patient is attached, if the MIS tells")
    relation: str | None = Field(None, description="What the caller was to a patient who was found by phone")


class Patients(_Model):
    patients: list[Patient]
    complete: bool = Field(description="False: part of the question could not be asked")


CallBackState = Literal["open", "done"]


class NewCallBack(_Model):
    """Somebody has to phone the caller."""

    call_id: CallId
    phone: Phone
    reason: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")] = Field(
        description="Why nobody could take the call: a code, as in the event call.transferring"
    )


class CallBack(NewCallBack):
    callback_id: str
    state: CallBackState
    created_at: dt.datetime
    done_at: dt.datetime | None = None


class CallBackSearch(_Model):
    state: CallBackState | None = None
    limit: int = Field(100, ge=1, le=1000)


class CallBacks(_Model):
    """Oldest first."""

    callbacks: list[CallBack]
