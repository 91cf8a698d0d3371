"""Promise: an address goes to the right street and clinic or to a registrar, and a broken region file is said so."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.settings import ROOT
from mis_connector.model import Address
from mis_connector.region import Region

SAMPLE = ROOT / "regions/sample"
TODAY = dt.date(2026, 11, 22)


@pytest.fixture(scope="module")
def region() -> Region:
    return Region(SAMPLE, "Europe/Moscow")


@pytest.mark.parametrize(
    ("town", "street", "kind", "found"),
    [
        ("Подольск", "Прохладная", "ул", True),
        ("подольск", "ПРОХЛАДНАЯ", "ул", True),
        ("Королев", "Советская", "ул", True),  # the register writes «Королёв»
        ("Подольск", "Прохладная", "пер", False),
        ("Подольск", "Прохладная", None, True),
        ("Подольск", "Садовый", None, False),  # three of them: which one is not for us to say
        ("Подольск", "Невиданная", "ул", False),
        ("Урюпинск", "Прохладная", "ул", False),
        ("Подольск", None, None, False),
    ],
)
def test_find_street(region: Region, town: str, street: str | None, kind: str | None, found: bool) -> None:
    assert (region.find_street(Address(town=town, street=street, street_kind=kind)) is not None) is found


def test_clinic_by_age(region: Region) -> None:
    address = Address(town="Руза", street="Горняцкая", street_kind="ул")
    adult = region.clinic(address, dt.date(2008, 11, 22), TODAY)
    child = region.clinic(address, dt.date(2008, 11, 23), TODAY)
    assert adult is not None
    assert child is not None
    assert (adult.for_children, child.for_children) == (False, True)
    assert adult.ecp_post is not None


@pytest.mark.parametrize(
    ("file", "before", "after", "says"),
    [
        ("region.yml", 'number_prefix: "122"', "number_prefix: {}", "region.yml: number_prefix"),
        ("region.yml", "child_under_years: 18", "child_under_yaers: 18", "region.yml: child_under_years"),
        ("region.yml", "within_hours: 2", "within_hours: [", "region.yml"),
        ("region.yml", "words: 'рвот", "words: '(рвот", "region.yml: urgency.rules"),
        ("clinics.csv", "08:00,19:00", "8 утра,19:00", "clinics.csv, line 2"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, file: str, before: str, after: str, says: str) -> None:
    folder = tmp_path / "region"
    shutil.copytree(SAMPLE, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert before in text
    (folder / file).write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=says):
        Region(folder, "Europe/Moscow")


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="VYZOV_REGION_DIR"):
        Region(tmp_path / "nowhere", "Europe/Moscow")


def test_production_refuses_a_table_of_urgency_that_nobody_signed(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nobody signed"):
        Region(SAMPLE, "Europe/Moscow", production=True)
    folder = Path(shutil.copytree(SAMPLE, tmp_path / "region"))
    rules = folder / "region.yml"
    rules.write_text(
        rules.read_text("utf-8").replace("approved_by: null", "approved_by: Петрова А. А., 1.11.2026"), "utf-8"
    )
    Region(folder, "Europe/Moscow", production=True)
