"""Promise: the service speaks for those who have the token, answers bad input clearly, and goes on.

The real service in a process of its own, with Festival, asked through its client and by bare HTTP.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from core.errors import BadInput, ServiceUnavailable
from core.settings import ROOT, Settings
from tts.client import TtsClient

TOKEN = {"Authorization": "Bearer right"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(var_dir=tmp_path_factory.mktemp("var"), tts_port=free_port(), api_token=SecretStr("right"))


@pytest.fixture(scope="module")
def service(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ, "VYZOV_TTS_PORT": str(settings.tts_port), "VYZOV_API_TOKEN": "right", "VYZOV_TTS": "festival",
        "VYZOV_VAR_DIR": str(settings.var_dir), "VYZOV_TTS_PROCESSES": "1",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "tts.service"], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if httpx.get(f"{settings.tts_url}/health").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.2)
        else:
            pytest.fail("the tts service did not become ready")
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest_asyncio.fixture
async def client(settings: Settings, service: subprocess.Popen[bytes]) -> AsyncIterator[TtsClient]:
    client = TtsClient(settings)
    yield client
    await client.aclose()


@pytest.fixture
def http(settings: Settings, service: subprocess.Popen[bytes]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=settings.tts_url, headers=TOKEN, timeout=20) as http:
        yield http


async def test_a_text_is_spoken_and_the_next_time_cached(client: TtsClient) -> None:
    pcm = await client.speak("Зайцев Никита, ул. Прохладная, д. 75.")
    assert 8000 * 2 * 2 < len(pcm) < 8000 * 2 * 8
    again = await client.request("POST", "/v1/speak", json={"text": "Зайцев Никита, ул. Прохладная, д. 75."})
    assert again.content == pcm
    assert again.headers["content-type"] == "audio/L16; rate=8000"
    assert (again.headers["x-engine"], again.headers["x-cached"]) == ("festival", "1")


async def test_only_prepared_prompts_reach_the_disk(client: TtsClient, settings: Settings) -> None:
    await client.speak("Петрова Анна Сергеевна")
    folder = settings.var_dir / "tts"
    before = len(list(folder.iterdir()))
    await client.prepare(["Назовите дату рождения пациента."])
    async with asyncio.timeout(20):
        while len(list(folder.glob("*.pcm"))) == before:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)
    assert len(list(folder.iterdir())) == before + 1
    speech = await client.request("POST", "/v1/speak", json={"text": "Назовите дату рождения пациента."})
    assert speech.headers["x-cached"] == "1"


@pytest.mark.parametrize("text", [
    '") (system "touch /tmp/x") (quit)', "<script>alert('да')</script>", "'; DROP TABLE calls; --", "🙂", "...",
    "\u0000\u0004\\", "а" * 1000, "1" * 1000, "+7 " * 300, "да. " * 250, "ъ",
])  # fmt: skip
def test_whatever_a_caller_said_is_answered_with_sound(http: httpx.Client, text: str) -> None:
    answer = http.post("/v1/speak", json={"text": text})
    assert answer.status_code == 200
    assert max(memoryview(answer.content).cast("h")) > 1000


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b"{}", b'{"text": ""}', b'{"text": " "}', b'{"text": 5}', b'{"text": null}',
    b'{"text": ["a"]}', b'{"text": "\xff"}', b'{"text": "' + b"a" * 1001 + b'"}', b'{"text": "a", "voice": "b"}',
])  # fmt: skip
def test_bad_input_is_a_clear_error_that_repeats_nothing(http: httpx.Client, body: bytes) -> None:
    answer = http.post("/v1/speak", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)  # 400: not even UTF-8
    assert answer.json()["error"]["code"] in ("bad_input", "http_error")
    assert "aaa" not in answer.text
    assert http.post("/v1/speak", json={"text": "да"}).status_code == 200


def test_a_huge_body_is_refused(http: httpx.Client) -> None:
    assert http.post("/v1/speak", content=b"x" * (5 * 1024 * 1024)).status_code == 413


@pytest.mark.parametrize("path", ["/v1/speak", "/v1/prepare"])
@pytest.mark.parametrize("token", ["", "Bearer", "Bearer wrong", "Basic right"])
def test_without_the_token_nothing_is_spoken(http: httpx.Client, path: str, token: str) -> None:
    answer = http.post(path, json={"text": "да", "texts": ["да"]}, headers={"Authorization": token})
    assert answer.status_code == 401


async def test_the_client_raises_our_errors(client: TtsClient, settings: Settings) -> None:
    with pytest.raises(BadInput):
        await client.speak("")
    away = TtsClient(settings.model_copy(update={"tts_port": free_port()}))
    with pytest.raises(ServiceUnavailable):
        await away.speak("Назовите адрес.")
    await away.aclose()


def test_metrics_count_what_was_spoken(http: httpx.Client) -> None:
    http.post("/v1/speak", json={"text": "Тысяча мелочей."})
    assert 'vyzov_synthesis_seconds_count{engine="festival"}' in http.get("/metrics").text


def test_a_damaged_silero_model_is_a_clear_error_at_start(tmp_path: Path, settings: Settings) -> None:
    model = tmp_path / "models" / "silero" / "ru.pt"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"not a model")
    model.with_name("ru.pt.sha256").write_text("0" * 64)
    environment = {
        **os.environ,
        "VYZOV_TTS": "silero",
        "VYZOV_VAR_DIR": str(tmp_path),
        "VYZOV_TTS_PORT": str(free_port()),
    }
    ended = subprocess.run(
        [sys.executable, "-m", "tts.service"], cwd=ROOT, env=environment, timeout=60, capture_output=True, check=False
    )
    assert ended.returncode != 0
    assert "SHA-256" in ended.stderr.decode()
