"""The sandbox's database: the sample region, loaded once and kept while its sources are unchanged.

Plain sqlite3: the file belongs to the sandbox alone and is thrown away when the region changes.
"""

from __future__ import annotations

import csv
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

SCHEMA = """
CREATE TABLE about (sources TEXT NOT NULL);
CREATE TABLE towns (id INTEGER PRIMARY KEY, guid TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL);
CREATE TABLE streets (
    id INTEGER PRIMARY KEY, guid TEXT NOT NULL UNIQUE, town_id INTEGER NOT NULL,
    kind TEXT NOT NULL, name TEXT NOT NULL);
CREATE TABLE clinics (
    id INTEGER PRIMARY KEY, guid TEXT NOT NULL, name TEXT NOT NULL, for_children INTEGER NOT NULL, phone TEXT NOT NULL);
CREATE TABLE districts (
    clinic_id INTEGER NOT NULL, district INTEGER NOT NULL, street_id INTEGER NOT NULL,
    PRIMARY KEY (street_id, clinic_id)) WITHOUT ROWID;
CREATE TABLE persons (
    id INTEGER PRIMARY KEY, surname TEXT NOT NULL, name TEXT NOT NULL, patronymic TEXT NOT NULL,
    birth_date TEXT NOT NULL, sex INTEGER NOT NULL, enp TEXT NOT NULL, snils TEXT NOT NULL, phone TEXT NOT NULL,
    street_id INTEGER NOT NULL, house TEXT NOT NULL, flat TEXT NOT NULL);
CREATE INDEX persons_by_name ON persons (surname, birth_date);
CREATE INDEX persons_by_enp ON persons (enp);
CREATE INDEX persons_by_snils ON persons (snils);
CREATE TABLE visits (
    id INTEGER PRIMARY KEY AUTOINCREMENT, created_at TEXT NOT NULL, person_id INTEGER NOT NULL,
    clinic_id INTEGER NOT NULL, district INTEGER NOT NULL, num TEXT NOT NULL, set_dt TEXT NOT NULL,
    post_id INTEGER, status_id INTEGER NOT NULL, profile_id INTEGER NOT NULL, call_type_id INTEGER NOT NULL,
    who_call_id INTEGER NOT NULL, street_guid TEXT NOT NULL, house TEXT NOT NULL, address TEXT NOT NULL,
    phone TEXT NOT NULL, symptoms TEXT NOT NULL, comment TEXT NOT NULL);
CREATE INDEX visits_by_post ON visits (post_id, set_dt);
"""
VERSION = "1"
"""Part of the sources' hash: a new schema loads anew."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection for one thread at a time. Writes are on disk when they return, as a real MIS's are."""
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    database.row_factory = sqlite3.Row
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    return database


def load(path: Path, region: Path) -> bool:
    """Make the database at `path` from the region's CSV files; False when it is up to date already.

    A changed region throws the sandbox's visits away: they would point at people who are not there any more.
    """
    sources = _hash(region)
    if path.exists():
        try:
            with sqlite3.connect(path) as old:
                if old.execute("SELECT sources FROM about").fetchone() == (sources,):
                    return False
        except sqlite3.Error:
            pass  # half made or of an older version
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    for leftover in (draft, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        leftover.unlink(missing_ok=True)
    database = sqlite3.connect(draft)
    database.executescript(SCHEMA)
    _fill(database, region)
    database.execute("INSERT INTO about VALUES (?)", (sources,))
    database.commit()
    database.close()
    os.replace(draft, path)
    return True


def _fill(database: sqlite3.Connection, region: Path) -> None:
    def insert(table: str, rows: Iterator[tuple[object, ...]]) -> None:
        first = next(rows)
        marks = ",".join("?" * len(first))
        database.execute(f"INSERT INTO {table} VALUES ({marks})", first)  # noqa: S608  constant table names
        database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608

    insert("towns", ((r["town_id"], r["guid"], r["kind"], r["name"]) for r in _rows(region / "towns.csv")))
    insert(
        "streets",
        ((r["street_id"], r["guid"], r["town_id"], r["kind"], r["name"]) for r in _rows(region / "streets.csv")),
    )
    insert(
        "clinics",
        (
            (r["clinic_id"], r["guid"], r["name"], r["ages"] == "детская", r["phone"])
            for r in _rows(region / "clinics.csv")
        ),
    )
    insert("districts", ((r["clinic_id"], r["district"], r["street_id"]) for r in _rows(region / "districts.csv")))
    insert("persons", (_person(r) for r in _rows(region / "patients.csv")))


def _person(row: dict[str, str]) -> tuple[object, ...]:
    snils = "".join(c for c in row["snils"] if c.isdigit())
    return (
        row["patient_id"], row["surname"], row["name"], row["patronymic"], row["birth_date"],
        1 if row["sex"] == "м" else 2, row["enp"], snils, row["phone"], row["street_id"], row["house"], row["flat"],
    )  # fmt: skip


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _hash(region: Path) -> str:
    digest = hashlib.sha256(VERSION.encode())
    for name in ("towns", "streets", "clinics", "districts", "patients"):
        digest.update((region / f"{name}.csv").read_bytes())
    return digest.hexdigest()
