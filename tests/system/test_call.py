"""Promise: a resident phones, and a house call with what he said stands in the MIS; it can be followed, live and later.

A real SIP call with recorded speech, through Kamailio, a worker, recognition, Rasa, the connector, to the sandbox MIS.
A supervisor watches it in a real browser meanwhile.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from dashboard.history import History, database_url, open_engine
from tests.system.conftest import VAR, System, told

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

RESIDENT = Path(__file__).parents[1] / "data" / "residents" / "c00"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


def log_in(page: Page, system: System) -> None:
    page.goto(f"http://127.0.0.1:{system.settings.dashboard_port}/")
    page.get_by_label("Пароль").fill((VAR / "dashboard_password").read_text().strip())
    page.get_by_role("button", name="Войти").click()
    expect(page.get_by_text("Звонков сегодня")).to_be_visible(timeout=20_000)


def test_a_resident_phones_and_the_house_call_stands_in_the_mis(system: System) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        page = browser.new_page(viewport={"width": 1500, "height": 900})
        log_in(page, system)
        expect(page.get_by_text("свободна").first).to_be_visible()
        resident = system.resident(RESIDENT)
        # the line is taken, the question that is being asked is shown, and the transcript grows by itself
        expect(page.get_by_text("+79254375323").first).to_be_visible(timeout=30_000)
        expect(page.get_by_text("Кому нужен врач?").first).to_be_visible(timeout=60_000)
        expect(page.get_by_text("дата рождения", exact=True).first).to_be_visible(timeout=200_000)
        result = told(resident)
        number = (result["record"] or {}).get("number")
        if number:
            expect(page.get_by_text(number).first).to_be_visible(timeout=20_000)
            expect(page.get_by_text("в МИС").first).to_be_visible(timeout=20_000)
        browser.close()

    assert result["outcome"] == "created", result["transcript"]
    assert result["right"], (result["wrong_fields"], result["record"])
    _visit_in_the_mis(system, result["record"])
    _two_measurements_agree(result["voice_to_voice"], result["service_voice_to_voice"])
    _afterwards(system, result["record"]["call_id"], result["record"]["number"])


def _visit_in_the_mis(system: System, record: dict[str, object]) -> None:
    headers = {"Authorization": f"Bearer {system.settings.api_token.get_secret_value()}"}
    visits = httpx.get(f"{system.settings.url(system.settings.sandbox_port)}/sandbox/visits", headers=headers).json()
    (visit,) = [visit for visit in visits if visit["mis_id"] == record["mis_id"]]
    assert visit["patient"]["surname"] == "Плавильщикова"
    assert (visit["address"]["street"], visit["address"]["house"], visit["address"]["flat"]) == (
        "Горняцкая", "129", "60",
    )  # fmt: skip
    assert visit["phone"] == "+79254375323"
    assert "39" in visit["symptoms"] or "тридцать девять" in visit["symptoms"]


def _two_measurements_agree(heard: list[float | None], service: list[float | None]) -> None:
    """What the service says of its latency is what the resident heard: within 50 ms over the call."""
    pairs = [(a, b) for a, b in zip(heard, service, strict=False) if a is not None and b is not None]
    assert len(pairs) >= 8
    assert median(abs(a - b) for a, b in pairs) <= 0.05, pairs


def _afterwards(system: System, call_id: str, number: str) -> None:
    """The call, its turns and their latencies are in the history, and in the figures that Prometheus reads."""
    history = History(open_engine(database_url(system.settings)))
    (call,) = [c for c in history.calls(datetime.now(UTC) - timedelta(hours=1)) if c.call_id == call_id]
    assert (call.outcome, call.house_call_number) == ("created", number)
    turns = [entry for entry in history.entries(call_id) if entry.type == "turn.recognised"]
    assert len(turns) >= 8
    assert all(turn.recognition is not None for turn in turns if turn.body["text"])
    metrics = httpx.get(f"{system.settings.url(system.settings.dashboard_port)}/metrics").text
    assert 'vyzov_turn_seconds_count{part="voice_to_voice"}' in metrics
