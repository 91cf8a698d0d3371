"""What the sandbox MIS does: the ЕЦП.МИС methods that the driver uses, as strict as the original or stricter.

Read in the original's published source: the search compares with `=` (on PostgreSQL case and ё count), at most 100
rows; the list of visits wants a post and shows 100 rows, oldest first; an unknown visit id is HTTP 500 with an empty
body. Stricter on purpose: a birth date or first name alone is not searched for.
"""

from __future__ import annotations

import datetime as dt
import secrets
import sqlite3
import threading
import time
from typing import Any

from mis_connector.times import age_months

SESSION_SECONDS = 20 * 60.0
SEARCH_ROWS = LIST_ROWS = 100

REFBOOKS: dict[str, list[str]] = {
    "dbo.HomeVisitStatus": ["Новый", "Отказ", "Одобрен врачом", "Обслужен", "Отменен", "Назначен врач"],
    "dbo.HomeVisitCallType": ["простой", "активный", "выписка рецепта", "патронаж", "вызов узкого специалиста"],
    "dbo.CallProfType": ["терапия", "стоматология"],
    "dbo.HomeVisitWhoCall": ["Пациент", "Представитель пациента", "Медицинский работник", "Прочие"],
}
"""Names by id, from 1 on; the code is the id."""

STATUS_CANCELLED = 5

_REQUIRED = (
    "Person_id", "CallProfType_id", "Address_Address", "HomeVisitCallType_id", "HomeVisit_setDT",
    "HomeVisitWhoCall_id", "HomeVisit_Symptoms", "HomeVisitStatus_id", "HomeVisit_House",
)  # fmt: skip


class Refused(Exception):
    """A business error: HTTP 200 with `error_code` and `error_msg`."""

    def __init__(self, text: str, code: int | str = 6) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class Broken(Exception):
    """An internal fault: HTTP 500 with an empty body."""


class SandboxMis:
    """Methods take the request's fields and give `data`. One lock: it is a sandbox, and SQLite has one writer."""

    def __init__(self, database: sqlite3.Connection, login: str, password: str) -> None:
        self._db = database
        self._login = (login, password)
        self._lock = threading.Lock()
        self._sessions: dict[str, float] = {}

    # -- sessions

    def log_in(self, fields: dict[str, str]) -> str:
        """A new sess_id; Refused with code 100 for a wrong login."""
        if not secrets.compare_digest(
            f"{fields.get('Login', '')}\n{fields.get('Password', '')}".encode(), "\n".join(self._login).encode()
        ):
            raise Refused("Неверный логин или пароль", 100)
        now = time.monotonic()
        self._sessions = {key: until for key, until in self._sessions.items() if until > now}
        sess_id = secrets.token_hex(16)
        self._sessions[sess_id] = now + SESSION_SECONDS
        return sess_id

    def is_session(self, sess_id: str) -> bool:
        if self._sessions.get(sess_id, 0.0) <= time.monotonic():
            return False
        self._sessions[sess_id] = time.monotonic() + SESSION_SECONDS
        return True

    def forget_sessions(self) -> None:
        self._sessions.clear()

    # -- reads

    def person(self, fields: dict[str, str]) -> list[dict[str, Any]]:
        """GET /api/Person."""
        columns = {
            "Person_id": "id", "PersonSurName_SurName": "surname", "PersonFirName_FirName": "name",
            "PersonSecName_SecName": "patronymic", "PersonBirthDay_BirthDay": "birth_date",
            "PersonSnils_Snils": "snils", "Polis_Num": "enp",
        }  # fmt: skip
        given = {field: fields[field] for field in columns if fields.get(field)}
        if not given.keys() & {"Person_id", "PersonSurName_SurName", "PersonSnils_Snils", "Polis_Num"}:
            raise Refused("Не передан ни один из параметров поиска")
        if any(len(value) > 50 for value in given.values()):
            raise Refused("Превышена максимальная длина параметра")
        if "PersonBirthDay_BirthDay" in given:
            given["PersonBirthDay_BirthDay"] = _date(given["PersonBirthDay_BirthDay"]).isoformat()
        where = " AND ".join(f"{columns[field]} = ?" for field in given)
        query = f"SELECT * FROM persons WHERE {where} ORDER BY id LIMIT {SEARCH_ROWS}"  # noqa: S608  own column names
        return [
            {
                "Person_id": str(row["id"]),
                "PersonSurName_SurName": row["surname"],
                "PersonFirName_FirName": row["name"],
                "PersonSecName_SecName": row["patronymic"] or None,
                "PersonBirthDay_BirthDay": row["birth_date"],
                "Person_Sex_id": str(row["sex"]),
                "PersonPhone_Phone": row["phone"][-10:],
                "PersonSnils_Snils": row["snils"],
                "UAddress_id": str(row["id"]),
                "PAddress_id": str(row["id"]),
            }
            for row in self._all(query, *given.values())
        ]

    def polis(self, fields: dict[str, str]) -> list[dict[str, Any]]:
        """GET /api/Polis."""
        if not fields.get("Polis_Num"):
            raise Refused("Отсутствует обязательный параметр 'Polis_Num'")
        rows = self._all("SELECT id, enp FROM persons WHERE enp = ?", fields["Polis_Num"])
        return [{"Person_id": str(r["id"]), "Polis_id": str(r["id"]), "Polis_Num": r["enp"]} for r in rows]

    def address(self, fields: dict[str, str]) -> list[dict[str, Any]]:
        """GET /api/Address."""
        wanted = fields.get("Person_id") or fields.get("Address_id")
        if not wanted:
            raise Refused("Хотя бы один из параметров (Person_id, Address_id) должен быть задан", "3")
        rows = self._all(
            """SELECT p.id, p.house, p.flat, s.id AS street_id, s.guid, s.kind, s.name, t.guid AS area,
                      t.kind AS town_kind, t.name AS town FROM persons p JOIN streets s ON s.id = p.street_id
               JOIN towns t ON t.id = s.town_id WHERE p.id = ?""",
            wanted,
        )
        answer = []
        for row in rows:
            house, _, corpus = row["house"].partition(" к")
            line = f"{row['town_kind']} {row['town']}, {row['kind']} {row['name']}, д. {row['house']}"
            answer.append(
                {
                    "Address_id": str(row["id"]), "Person_id": str(row["id"]), "AddressType_id": "1",
                    "KLStreet_id": str(row["street_id"]), "AoidArea": row["area"], "AoidStreet": row["guid"],
                    "Address_House": house, "Address_Corpus": corpus or None, "Address_Flat": row["flat"] or None,
                    "Address_Address": line + (f", кв. {row['flat']}" if row["flat"] else ""),
                }
            )  # fmt: skip
        return answer

    def refbook(self, fields: dict[str, str]) -> list[dict[str, Any]]:
        """GET /api/Refbook."""
        names = REFBOOKS.get(fields.get("Refbook_Code") or fields.get("Refbook_TableName") or "")
        if names is None:
            raise Refused("Справочник не найден")
        return [{"id": str(n), "Name": name, "Code": str(n)} for n, name in enumerate(names, 1)]

    def visit_list(self, fields: dict[str, str]) -> list[dict[str, Any]]:
        """GET /api/HomeVisit/mgetHomeVisitList."""
        for field in ("HomeVisit_begDate", "HomeVisit_endDate", "MedStaffFact_id"):
            if not fields.get(field):
                raise Refused(f"Отсутствует обязательный параметр '{field}'")
        rows = self._all(
            f"""SELECT v.*, p.surname, p.name, p.patronymic, p.birth_date FROM visits v
                LEFT JOIN persons p ON p.id = v.person_id
                WHERE v.post_id = ? AND date(v.set_dt) BETWEEN ? AND ?
                ORDER BY v.status_id, v.id LIMIT {LIST_ROWS}""",  # noqa: S608  a constant
            _id(fields["MedStaffFact_id"], "MedStaffFact_id"),
            _date(fields["HomeVisit_begDate"]).isoformat(),
            _date(fields["HomeVisit_endDate"]).isoformat(),
        )
        return [
            {
                "HomeVisit_id": str(row["id"]), "Person_id": str(row["person_id"]), "HomeVisit_Num": row["num"],
                "MedStaffFact_id": str(row["post_id"]),
                "HomeVisit_setDate": f"{row['set_dt'][8:10]}.{row['set_dt'][5:7]}.{row['set_dt'][:4]}",
                "HomeVisit_setTime": row["set_dt"][11:16], "Person_Surname": row["surname"],
                "Person_Firname": row["name"], "Person_Secname": row["patronymic"],
                "Address_Address": row["address"], "HomeVisit_Phone": row["phone"],
                "HomeVisitStatus_id": str(row["status_id"]), "HomeVisitCallType_id": str(row["call_type_id"]),
                "HomeVisit_Symptoms": row["symptoms"], "HomeVisit_Comment": row["comment"],
                "Lpu_id": str(row["clinic_id"]),
            }
            for row in rows
        ]  # fmt: skip

    def visit(self, fields: dict[str, str]) -> list[dict[str, Any]]:
        """GET /api/HomeVisit/HomeVisitById."""
        if not fields.get("HomeVisit_id"):
            raise Refused("Отсутствует обязательный параметр 'HomeVisit_id'")
        rows = self._all(
            "SELECT v.*, c.name AS clinic FROM visits v LEFT JOIN clinics c ON c.id = v.clinic_id WHERE v.id = ?",
            _id(fields["HomeVisit_id"], "HomeVisit_id"),
        )
        if not rows:
            raise Broken
        row = rows[0]
        return [
            {
                "Person_id": str(row["person_id"]), "CallProfType_id": str(row["profile_id"]),
                "Address_Address": row["address"], "HomeVisitCallType_id": str(row["call_type_id"]),
                "HomeVisit_setDT": row["set_dt"], "HomeVisit_Num": row["num"],
                "MedStaffFact_id": str(row["post_id"]) if row["post_id"] else None,
                "HomeVisit_Phone": row["phone"], "HomeVisitWhoCall_id": str(row["who_call_id"]),
                "HomeVisit_Symptoms": row["symptoms"], "HomeVisit_Comment": row["comment"],
                "HomeVisitStatus_id": str(row["status_id"]), "HomeVisit_LpuComment": None,
                "Lpu_Name": row["clinic"],
            }
        ]  # fmt: skip

    # -- changes

    def create(self, fields: dict[str, str]) -> dict[str, Any]:
        """POST /api/HomeVisit/HomeVisit."""
        for field in _REQUIRED:
            if not fields.get(field, "").strip():
                raise Refused(f"Отсутствует обязательный параметр '{field}'")
        ids = {name: _id(fields[name], name) for name in _REQUIRED if name.endswith("_id")}
        for field, book in (
            ("CallProfType_id", "CallProfType"), ("HomeVisitCallType_id", "HomeVisitCallType"),
            ("HomeVisitWhoCall_id", "HomeVisitWhoCall"), ("HomeVisitStatus_id", "HomeVisitStatus"),
        ):  # fmt: skip
            if not 1 <= ids[field] <= len(REFBOOKS[f"dbo.{book}"]):
                raise Refused(f"Неверное значение параметра '{field}'")
        set_dt = _moment(fields["HomeVisit_setDT"])
        street = self._all(
            "SELECT * FROM streets WHERE guid = ? OR id = ?",
            fields.get("HomeVisit_StreetGUID") or "", fields.get("KLStreet_id") or 0,
        )  # fmt: skip
        if not street:
            raise Refused("Не возможно получить улицу.", "6")
        person = self._all("SELECT * FROM persons WHERE id = ?", ids["Person_id"])
        if not person:
            raise Broken
        child = age_months(dt.date.fromisoformat(person[0]["birth_date"]), set_dt.date()) < 18 * 12
        clinics = self._all(
            """SELECT d.clinic_id, d.district FROM districts d JOIN clinics c ON c.id = d.clinic_id
               WHERE d.street_id = ? AND c.for_children = ?""",
            street[0]["id"], child,
        )  # fmt: skip
        if not clinics:
            raise Refused("Не удалось определить МО, обслуживающую данный адрес", "6")
        post = _id(fields["MedStaffFact_id"], "MedStaffFact_id") if fields.get("MedStaffFact_id") else None
        with self._lock:
            cursor = self._db.execute(
                """INSERT INTO visits (created_at, person_id, clinic_id, district, num, set_dt, post_id, status_id,
                       profile_id, call_type_id, who_call_id, street_guid, house, address, phone, symptoms, comment)
                   VALUES (?, ?, ?, ?, coalesce(?, (SELECT coalesce(max(id), 0) + 1 FROM visits)),
                       ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                (
                    dt.datetime.now(dt.UTC).isoformat(), ids["Person_id"], clinics[0]["clinic_id"],
                    clinics[0]["district"], fields.get("HomeVisit_Num") or None, set_dt.strftime("%Y-%m-%d %H:%M"),
                    post, ids["HomeVisitStatus_id"], ids["CallProfType_id"], ids["HomeVisitCallType_id"],
                    ids["HomeVisitWhoCall_id"], street[0]["guid"], fields["HomeVisit_House"],
                    fields["Address_Address"], fields.get("HomeVisit_Phone", ""), fields["HomeVisit_Symptoms"],
                    fields.get("HomeVisit_Comment", ""),
                ),
            )  # fmt: skip
        return {"HomeVisit_id": cursor.lastrowid}

    def cancel(self, fields: dict[str, str]) -> dict[str, Any]:
        """PUT /api/HomeVisit/HomeVisitCancel."""
        if not fields.get("HomeVisit_id"):
            raise Refused("Отсутствует обязательный параметр 'HomeVisit_id'")
        with self._lock:
            changed = self._db.execute(
                "UPDATE visits SET status_id = ? WHERE id = ?",
                (STATUS_CANCELLED, _id(fields["HomeVisit_id"], "HomeVisit_id")),
            ).rowcount
        if not changed:
            raise Broken
        name = REFBOOKS["dbo.HomeVisitStatus"][STATUS_CANCELLED - 1]
        return {"HomeVisitStatus_id": str(STATUS_CANCELLED), "HomeVisitStatus_Name": name}

    # -- for people who look at the sandbox, not part of the interface

    def newest_visits(self, limit: int) -> list[dict[str, Any]]:
        """Visits with the patient's names and the street's, newest first."""
        rows = self._all(
            """SELECT v.*, p.surname, p.name, p.patronymic, p.birth_date, c.name AS clinic,
                      s.kind AS street_kind, s.name AS street, t.name AS town FROM visits v
               JOIN persons p ON p.id = v.person_id JOIN clinics c ON c.id = v.clinic_id
               JOIN streets s ON s.guid = v.street_guid JOIN towns t ON t.id = s.town_id
               ORDER BY v.id DESC LIMIT ?""",
            limit,
        )
        return [dict(row) for row in rows]

    def _all(self, query: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(query, values).fetchall()


def _id(text: str, field: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise Refused(f"Неверный тип данных для параметра '{field}'")
    return int(text)


def _date(text: str) -> dt.date:
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return dt.datetime.strptime(text, form).date()
        except ValueError:
            continue
    raise Refused("Неверный формат даты")


def _moment(text: str) -> dt.datetime:
    for form in ("%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"):
        try:
            return dt.datetime.strptime(text, form)
        except ValueError:
            continue
    raise Refused("Неверный формат даты и времени для параметра 'HomeVisit_setDT'")
