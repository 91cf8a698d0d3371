"""Promise: the service answers every turn by its contract, and bad input is a clear error that repeats nothing said.

A real server with the sample region and the real dictionaries; only the recogniser is away, which must
not matter.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import uvicorn

from core.errors import BadInput, ServiceUnavailable
from core.settings import Settings, get_settings
from core.words import SLOTS
from tests.conftest import free_port
from understanding.client import UnderstandingClient
from understanding.model import Heard
from understanding.service import create

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def settings() -> Iterator[Settings]:
    patch = pytest.MonkeyPatch()
    patch.setenv("VYZOV_API_TOKEN", "right")
    patch.setenv("VYZOV_UNDERSTANDING_PORT", str(free_port()))
    patch.setenv("VYZOV_ASR_PORT", str(free_port()))
    get_settings.cache_clear()
    settings = get_settings()
    server = uvicorn.Server(uvicorn.Config(create(settings), port=settings.understanding_port, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the service did not start"
            thread.join(0.1)
        yield settings
    finally:
        server.should_exit = True
        thread.join(10)
        patch.undo()
        get_settings.cache_clear()


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[UnderstandingClient]:
    client = UnderstandingClient(settings, seconds=30)
    yield client
    await client.aclose()


def post(settings: Settings, body: bytes, token: str = "right") -> httpx.Response:
    return httpx.post(
        settings.understanding_url + "/v1/understand",
        content=body,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        timeout=30,
    )


@pytest.mark.parametrize(
    ("expects", "slot", "text", "value"),
    [
        ("choice", "who", "дочке", "child"),
        ("number", "age", "четырнадцать лет", {"years": 14, "months": None}),
        ("yes_no", "red_flags", "нет", False),
        ("number", "temperature", "тридцать восемь и пять", 38.5),
        ("date", "birth_date", "двенадцатого марта восемьдесят пятого", "1985-03-12"),
        ("phone", "phone", "8 916 123-45-67", "+79161234567"),
        ("number", "entrance", "шестой подъезд", "6"),
        ("number", "floor", "одиннадцатый этаж", "11"),
        ("number", "intercom", "двести сорок три", "243"),
        ("free", "since", "третий день", "третий день"),
        ("free", "caller", "я её мама", {"relation": "parent", "name": None}),
        ("yes_no", "confirm", "да, всё верно", True),
        ("number", None, "сорок два", "42"),
    ],
)
async def test_every_kind_of_answer(
    client: UnderstandingClient, expects: str, slot: str | None, text: str, value: object
) -> None:
    answer = await client.understand(Heard.model_validate({"expects": expects, "slot": slot, "text": text}))
    assert answer.value == value
    assert answer.complete


async def test_names_and_addresses_reach_their_owners(client: UnderstandingClient) -> None:
    name = await client.understand(Heard(expects="name", slot="name", text="карпова галина дмитриевна", turn_id="gone"))
    assert name.value == {"surname": "Карпова", "name": "Галина", "patronymic": "Дмитриевна"}
    text = "подольск улица карьерная дом шесть квартира сто семьдесят четыре"
    address = await client.understand(Heard(expects="address", slot="address", text=text))
    assert address.value["street"] == "Карьерная"
    assert address.value["house"] == "6"
    asked_back = await client.understand(Heard(expects="yes_no", slot="address", text="да"))
    assert asked_back.meaning == "yes"


async def test_choices_of_the_question_count_for_any_slot(client: UnderstandingClient) -> None:
    heard = Heard.model_validate(
        {
            "expects": "choice",
            "slot": "street",
            "text": "лесной",
            "context": {"choices": {"a": ["Лесная"], "b": ["Лесной"]}},
        }
    )
    assert (await client.understand(heard)).value == "b"


async def test_silence_and_nonsense_for_every_slot(client: UnderstandingClient) -> None:
    strange = [
        "'; DROP TABLE x; --",
        "",
        " ",
        '(system "rm -rf /")',
        "<script>alert(1)</script>",
        "9" * 300,
        "а" * 2000,
    ]
    for slot in SLOTS:
        for text in strange:
            answer = await client.understand(Heard.model_validate({"expects": "free", "slot": slot, "text": text}))
            assert 0 <= answer.probability <= 1
            if not text.strip():
                assert answer.meaning == "none"
                assert answer.value is None


@pytest.mark.parametrize("digits", ["", "1", "#", "***", "0" * 40, "ABCD"])
async def test_any_keypad_input(client: UnderstandingClient, digits: str) -> None:
    for slot in SLOTS:
        await client.understand(Heard.model_validate({"expects": "free", "slot": slot, "digits": digits}))


def test_a_wrong_token_is_refused(settings: Settings) -> None:
    answer = post(settings, b"{}", token="wrong")
    assert answer.status_code == 401
    assert "error" in answer.json()


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"expects": "date", "text": 5}',
        '{"expects": "тайна"}'.encode(),
        json.dumps({"expects": "date", "text": "тайна" * 1000}).encode(),
        json.dumps({"expects": "date", "text": "тайна", "digits": "тайна"}).encode(),
        json.dumps({"expects": "date", "тайна": 1}).encode(),
        json.dumps({"expects": "date", "alternatives": [{"text": "тайна"}] * 100}).encode(),
    ],
)
def test_bad_input_is_a_clear_error_that_repeats_nothing(settings: Settings, body: bytes) -> None:
    answer = post(settings, body)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "bad_input"
    assert "тайна" not in answer.text.encode().decode("unicode_escape", errors="replace")


def test_an_oversized_body_is_refused(settings: Settings) -> None:
    assert post(settings, b"x" * 70_000).status_code == 413


def test_scores_that_are_no_numbers_do_no_harm(settings: Settings) -> None:
    body = json.dumps(
        {
            "expects": "yes_no",
            "alternatives": [{"text": "да", "score": float("nan")}, {"text": "нет", "score": float("-inf")}],
        }
    ).encode()
    assert post(settings, body).status_code in (200, 422)
    assert httpx.get(settings.understanding_url + "/health").json() == {"status": "ready"}


def test_metrics_tell_kinds_and_never_words(settings: Settings) -> None:
    post(settings, json.dumps({"expects": "free", "text": "секретное слово"}).encode())
    metrics = httpx.get(settings.understanding_url + "/metrics").text
    assert "vyzov_understanding_seconds" in metrics
    assert "секретное" not in metrics


async def test_the_client_tells_what_went_wrong(settings: Settings) -> None:
    away = UnderstandingClient(settings, base_url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ServiceUnavailable):
        await away.understand(Heard(expects="free", text="да"))
    await away.aclose()
    here = UnderstandingClient(settings)
    with pytest.raises(BadInput):
        await here.understand(Heard.model_construct(expects="nonsense"))
    await here.aclose()


async def test_many_turns_at_once(client: UnderstandingClient) -> None:
    heard = Heard(expects="date", slot="birth_date", text="двенадцатого марта восемьдесят пятого")
    answers = await asyncio.gather(*(client.understand(heard) for _ in range(100)))
    assert {answer.value for answer in answers} == {"1985-03-12"}
