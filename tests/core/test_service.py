"""Promise: every HTTP door of ours is closed without the token, answers bad input clearly, and never repeats it."""

from __future__ import annotations

import pytest
from fastapi import Depends
from fastapi.testclient import TestClient
from pydantic import BaseModel, SecretStr

from core import service
from core.errors import NotFound
from core.settings import Settings


class Body(BaseModel):
    phone: int


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(service, "get_settings", lambda: Settings(api_token=SecretStr("right")))
    app = service.create_app("test", body_limit=1000)

    @app.post("/v1/thing", dependencies=[Depends(service.require_token)])
    async def thing(body: Body) -> dict[str, int]:
        if body.phone == 404:
            raise NotFound("no such thing")
        return {"phone": body.phone}

    return TestClient(app)


RIGHT = {"Authorization": "Bearer right"}


def test_the_right_token_opens(client: TestClient) -> None:
    assert client.post("/v1/thing", json={"phone": 1}, headers=RIGHT).json() == {"phone": 1}


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic cmlnaHQ="}])
def test_any_other_token_does_not(client: TestClient, header: dict[str, str]) -> None:
    assert client.post("/v1/thing", json={"phone": 1}, headers=header).status_code == 401


def test_no_configured_token_means_closed(monkeypatch: pytest.MonkeyPatch, client: TestClient) -> None:
    monkeypatch.setattr(service, "get_settings", lambda: Settings(api_token=SecretStr("")))
    assert client.post("/v1/thing", json={"phone": 1}, headers={"Authorization": "Bearer "}).status_code == 401


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b'{"phone": "n7916123"}', b"\xff\xfe", b'{"phone": {}}'])
def test_bad_input_gets_a_clear_error_that_does_not_repeat_it(client: TestClient, body: bytes) -> None:
    answer = client.post("/v1/thing", content=body, headers={**RIGHT, "Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "bad_input"
    assert "7916123" not in answer.text


def test_an_oversized_body_is_refused_declared_or_not(client: TestClient) -> None:
    assert client.post("/v1/thing", content=b"x" * 2000, headers=RIGHT).status_code == 413
    assert client.post("/v1/thing", content=iter([b"x" * 600] * 4), headers=RIGHT).status_code == 413


def test_our_own_errors_keep_their_code(client: TestClient) -> None:
    answer = client.post("/v1/thing", json={"phone": 404}, headers=RIGHT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_health_and_metrics_need_no_token(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ready"}
    assert "vyzov_calls_total" in client.get("/metrics").text
