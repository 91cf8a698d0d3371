"""Promise: who was told «вам перезвонят» stands on the list until somebody has phoned. A failure means that a caller
whom no operator took is forgotten, or that one is phoned twice."""

from __future__ import annotations

import concurrent.futures
import threading
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from core.errors import NotFound
from mis_connector.call_backs import CallBackStore
from mis_connector.client import ConnectorClient
from mis_connector.database import Database
from mis_connector.model import CallBack, CallBackSearch, NewCallBack

from .conftest import HTTP, System, authorised, new_key

SECRET = "+7916ТАЙНА"


@pytest.fixture
def store(database: Database) -> CallBackStore:
    return CallBackStore(database)


def new(call_id: str = "c1", phone: str = "+79161234567", reason: str = "wish") -> NewCallBack:
    return NewCallBack(call_id=call_id, phone=phone, reason=reason)


def listed(store: CallBackStore, **query: Any) -> list[CallBack]:
    return store.search(CallBackSearch(**query))


def waiting() -> float | None:
    return REGISTRY.get_sample_value("vyzov_call_backs_open")


def test_oldest_first_until_done(store: CallBackStore) -> None:
    calls = [store.add(new(f"c{number}"))[0] for number in range(3)]
    assert listed(store, state="open") == calls
    done = store.done(calls[0].callback_id)
    assert (done.state, done.done_at is not None) == ("done", True)
    assert listed(store, state="open") == calls[1:]
    assert listed(store, state="done") == [done]
    assert listed(store) == [done, *calls[1:]]
    assert listed(store, limit=1) == [done]


def test_done_twice_keeps_the_first_time(store: CallBackStore) -> None:
    call_back, _ = store.add(new())
    first = store.done(call_back.callback_id)
    assert store.done(call_back.callback_id) == first
    with pytest.raises(NotFound):
        store.done("nobody")


def test_a_call_stands_there_once(store: CallBackStore) -> None:
    first, is_new = store.add(new())
    assert is_new
    assert store.add(new(phone="+79160000000", reason="error")) == (first, False)
    done = store.done(first.callback_id)
    assert store.add(new()) == (done, False), "what is done stays done"


def test_one_call_at_the_same_moment(store: CallBackStore) -> None:
    together = threading.Barrier(6)

    def put(_: int) -> tuple[CallBack, bool]:
        together.wait()
        return store.add(new())

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        results = list(pool.map(put, range(6)))
    assert len({call_back.callback_id for call_back, _ in results}) == 1
    assert sum(is_new for _, is_new in results) == 1


def test_the_metric_says_how_many_wait(store: CallBackStore, database: Database) -> None:
    first, _ = store.add(new())
    store.add(new("c2"))
    assert waiting() == 2
    store.done(first.callback_id)
    assert waiting() == 1
    with database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM call_backs")
    CallBackStore(database).measure()
    assert waiting() == 0


def test_the_whole_way_by_http(http: httpx.Client) -> None:
    call_id = new_key()
    content = {"call_id": call_id, "phone": "+79161234567", "reason": "no_match"}
    first, second = http.post("/v1/callbacks", json=content), http.post("/v1/callbacks", json=content)
    assert (first.status_code, second.status_code) == (201, 200)
    call_back = first.json()
    assert second.json() == call_back
    assert call_back == {
        **content, "callback_id": call_back["callback_id"], "state": "open", "created_at": call_back["created_at"],
        "done_at": None,
    }  # fmt: skip
    found = http.post("/v1/callbacks/search", json={"state": "open", "limit": 1000}).json()["callbacks"]
    assert call_back in found
    done = http.post(f"/v1/callbacks/{call_back['callback_id']}/done")
    assert (done.status_code, done.json()["state"]) == (200, "done")
    assert http.post(f"/v1/callbacks/{call_back['callback_id']}/done").json() == done.json()
    for nobody in ("x", "' OR 1=1", "%00"):
        assert http.post(f"/v1/callbacks/{nobody}/done").status_code == 404
    metrics = http.get("/metrics").text
    assert "vyzov_call_backs_open " in metrics
    assert "9161234567" not in metrics


@pytest.mark.parametrize(
    "changes",
    [
        {"phone": "89161234567"}, {"phone": ""}, {"phone": None}, {"phone": SECRET}, {"call_id": ""},
        {"call_id": "../" + SECRET}, {"reason": ""}, {"reason": SECRET}, {"reason": "x" * 41}, {"name": SECRET},
    ],
)  # fmt: skip
def test_bad_call_backs(http: httpx.Client, changes: dict[str, Any]) -> None:
    answer = http.post("/v1/callbacks", json={"call_id": "c", "phone": "+79161234567", "reason": "wish", **changes})
    assert answer.status_code == 422
    assert next(iter(changes)) in answer.json()["error"]["message"]
    assert SECRET not in answer.text


@pytest.mark.parametrize("query", [{"state": "gone"}, {"limit": 0}, {"limit": 1001}, {"phone": "+79161234567"}])
def test_bad_searches(http: httpx.Client, query: dict[str, Any]) -> None:
    assert http.post("/v1/callbacks/search", json=query).status_code == 422


async def test_the_client(system: System) -> None:
    client = ConnectorClient(system.settings)
    call_back = await client.call_back(new_key(), "+79161234567", "error")
    assert call_back in await client.call_backs(limit=1000)
    done = await client.call_back_done(call_back.callback_id)
    assert done in await client.call_backs("done", 1000)
    assert call_back.callback_id not in [waiting.callback_id for waiting in await client.call_backs(limit=1000)]
    with pytest.raises(NotFound):
        await client.call_back_done("nobody")
    with pytest.raises(ValueError, match="phone") as wrong:
        await client.call_back("c", SECRET, "error")
    assert SECRET not in str(wrong.value)
    await client.aclose()


def test_killed_after_its_answer_the_connector_still_has_it(killable: System) -> None:
    url, content = killable.connector.url, {"call_id": "c", "phone": "+79161234567", "reason": "wish"}
    call_back = HTTP.post(f"{url}/v1/callbacks", json=content, headers=authorised()).json()
    killable.connector.kill()
    killable.connector.start()
    killable.connector.wait_ready()
    answer = HTTP.post(f"{url}/v1/callbacks/search", json={"state": "open"}, headers=authorised())
    assert answer.json() == {"callbacks": [call_back]}
    assert "vyzov_call_backs_open 1.0" in HTTP.get(f"{url}/metrics").text
