"""Promise: whatever the MIS does, the driver says one of three things: done, certainly not done, not known.

The driver speaks to the real sandbox process; each of its faults is switched on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.ids import new_house_call_id
from mis_connector.drivers.base import MisRejected, MisUnavailable, OutcomeUnknown, Question, Search
from mis_connector.drivers.choose import make_driver
from mis_connector.drivers.ecp import EcpDriver, address_line, comment
from mis_connector.drivers.ecp_session import refusal
from mis_connector.model import HouseCall
from mis_connector.policies import Breaker
from mis_connector.region import Region
from tests.conftest import free_port

from .conftest import System, body

CREATE = "/api/HomeVisit/HomeVisit"
AT = dt.datetime(2026, 11, 23, 8, 0)


@pytest.fixture
async def driver(system: System) -> AsyncIterator[EcpDriver]:
    settings = system.settings
    made = make_driver(settings, Region(settings.region_dir, "Europe/Moscow"), Breaker(failures=100))
    assert isinstance(made, EcpDriver)
    yield made
    await made.aclose()


_numbers = iter(range(1, 1000))


def call(**changes: Any) -> HouseCall:
    return HouseCall.model_validate(
        {
            **body(**changes), "house_call_id": new_house_call_id(), "number": f"900-{next(_numbers):06d}",
            "state": "delivering", "visit_date": AT.date(), "created_at": dt.datetime(2026, 11, 22, 20, tzinfo=dt.UTC),
        }
    )  # fmt: skip


async def found(driver: EcpDriver, wanted: HouseCall) -> str | Search:
    return await driver.find_created(wanted, (AT.date(), AT.date()))


async def test_patients(driver: EcpDriver) -> None:
    (patient,) = await driver.find_patients(Question(surname="Волкова", birth_date=dt.date(1971, 12, 21)))
    assert (patient.mis_id, patient.name, patient.patronymic) == ("1", "Василиса", "Александровна")
    assert await driver.find_patients(Question(policy="5047820828182555")) == [patient]
    assert await driver.find_patients(Question(snils="11524184827")) == [patient]
    assert await driver.find_patients(Question(policy="0" * 16)) == []
    address = await driver.registered_address("1")
    assert address is not None
    assert (address.town, address.street_kind, address.street, address.house, address.flat) == (
        "Коломна", "проезд", "Рыбацкий", "52", "180",
    )  # fmt: skip


async def test_create_read_find_cancel(driver: EcpDriver, system: System) -> None:
    wanted = call()
    assert driver.can_find(wanted)
    assert await found(driver, wanted) is Search.ABSENT
    mis_id = await driver.create(wanted, AT)
    assert await found(driver, wanted) == mis_id
    visit = await driver.read(mis_id)
    assert visit is not None
    assert (visit.person_id, visit.status) == ("1", "1")
    (stored,) = system.visits_of(wanted.number)
    assert stored["visit_at"] == "2026-11-23 08:00"
    assert stored["address"]["flat"] == "180"
    await driver.cancel(mis_id)
    await driver.cancel(mis_id)
    visit = await driver.read(mis_id)
    assert visit is not None
    assert visit.status == "5"


async def test_a_number_of_another_installation_is_not_ours(driver: EcpDriver) -> None:
    """Taken for ours, the caller would be told «принято» and nobody would come."""
    theirs = call()
    await driver.create(theirs, AT)
    ours = theirs.model_copy(update={"house_call_id": new_house_call_id()})
    assert await found(driver, ours) is Search.ABSENT


def test_what_has_no_field_stands_in_address_and_comment() -> None:
    wanted = call(temperature=38.5, urgency="urgent", caller={"relation": "parent", "name": "Анна"}, notes="не ходит")
    assert address_line(wanted, "г") == ("г Коломна, проезд Рыбацкий, д. 52, кв. 180, подъезд 6, этаж 3, домофон 358")
    assert comment(wanted) == (
        f"Заявка {wanted.number}/{wanted.house_call_id[:8]}. Срочно. Температура 38.5. Болеет: третий день. "
        "Подъезд 6, этаж 3, домофон 358. Вызвал(а): Анна. не ходит"
    )


@pytest.mark.parametrize(
    ("fault", "error", "is_there"),
    [
        ({"kind": "slow", "seconds": 2.5}, OutcomeUnknown, None),  # carried out after we had given up
        ({"kind": "down"}, OutcomeUnknown, False),
        ({"kind": "error_500"}, OutcomeUnknown, False),
        ({"kind": "answer_lost"}, OutcomeUnknown, True),
        ({"kind": "error_text", "text": "Не возможно сгенерировать номер вызова."}, MisRejected, False),
    ],
)
async def test_faults_while_creating(
    driver: EcpDriver, system: System, fault: dict[str, Any], error: type[Exception], is_there: bool | None
) -> None:
    system.faults({**fault, "path": CREATE})
    wanted = call()
    with pytest.raises(error):
        await driver.create(wanted, AT)
    system.faults()
    if is_there is not None:
        assert isinstance(await found(driver, wanted), str) is is_there
        assert len(system.visits_of(wanted.number)) == int(is_there)


async def test_a_lost_session_is_renewed_and_nothing_is_doubled(driver: EcpDriver, system: System) -> None:
    await driver.create(call(), AT)
    wanted = call()
    system.faults({"kind": "session_lost", "path": CREATE, "times": 1})
    await driver.create(wanted, AT)
    assert len(system.visits_of(wanted.number)) == 1


async def test_a_mis_that_never_keeps_the_session(driver: EcpDriver, system: System) -> None:
    system.faults({"kind": "session_lost", "path": CREATE})
    with pytest.raises(MisUnavailable):
        await driver.create(call(), AT)


async def test_faults_of_the_login_mean_not_sent(driver: EcpDriver, system: System) -> None:
    for kind in ("down", "error_500", "error_text"):
        system.faults({"kind": kind, "path": "/api/user/login"})
        with pytest.raises(MisUnavailable):
            await driver.create(call(), AT)


async def test_faults_while_reading(driver: EcpDriver, system: System) -> None:
    question = Question(surname="Волкова", birth_date=dt.date(1971, 12, 21))
    for kind in ("down", "error_500", "answer_lost"):
        system.faults({"kind": kind, "path": "/api/Person"})
        with pytest.raises(MisUnavailable):
            await driver.find_patients(question)


async def test_a_wrong_password_is_not_tried_on_and_on(system: System) -> None:
    settings = system.settings.model_copy(update={"mis_login": "nobody"})
    driver = make_driver(settings, Region(settings.region_dir, "Europe/Moscow"), Breaker())
    with pytest.raises(MisUnavailable, match="refuses our login"):
        await driver.create(call(), AT)
    with pytest.raises(MisUnavailable, match="a moment ago"):
        await driver.create(call(), AT)
    await driver.aclose()


async def test_nobody_listens(system: System) -> None:
    settings = system.settings.model_copy(update={"mis_url": f"http://127.0.0.1:{free_port()}"})
    breaker = Breaker(failures=3)
    driver = make_driver(settings, Region(settings.region_dir, "Europe/Moscow"), breaker)
    for _ in range(4):
        with pytest.raises(MisUnavailable):
            await driver.create(call(), AT)
    assert breaker.probing
    await driver.aclose()


async def test_a_full_list_is_no_proof(driver: EcpDriver, system: System) -> None:
    """With 100 rows the record may be the 101st: sending again could double it."""
    address = {"town": "Руза", "street": "Горняцкая", "street_kind": "ул", "house": "129"}
    wanted = call(address=address)
    for _ in range(100):
        await driver.create(call(address=address), AT)
    assert await found(driver, wanted) is Search.UNSURE


async def test_an_address_without_a_post_cannot_be_asked_for(driver: EcpDriver) -> None:
    wanted = call(address={"town": "Урюпинск", "street": "Ленина", "house": "1"})
    assert not driver.can_find(wanted)
    assert await found(driver, wanted) is Search.UNSURE


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Не возможно получить улицу.", "street_unknown"),
        ("Не удалось определить МО, обслуживающую данный адрес", "clinic_unknown"),
        ("Не удалось определить участок, обслуживающий данный адрес", "district_unknown"),
        ("Вызов врача на дом может быть оформлен через портал в рабочие дни поликлиники с 8:00", "clinic_closed"),
        ("Не возможно сгенерировать номер вызова.", "number_failed"),
        ("Отсутствует обязательный параметр 'Person_id'", "field_missing"),
        ("Для ВОЛКОВА В. А. 21.12.1971 г.р. имеется необслуженный вызов врача на дом", "already_open"),
        ("Что-то новое", "refused"),
        ("", "refused"),
    ],
)
def test_refusals_have_reasons(text: str, code: str) -> None:
    assert refusal(text) == code
