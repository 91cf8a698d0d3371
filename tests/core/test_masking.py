"""Promise: nothing that a caller said, and nothing that names a caller, can be read in a log."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from core.masking import mask

SECRETS = ("Иванов", "иванова", "Прохладная", "9161234567", "916 123-45-67", "1985-03-12", "112-233-445", "%D0%98")


@pytest.mark.parametrize(
    "text",
    [
        "patient Иванова Мария Петровна",
        "heard: двадцатого марта восемьдесят пятого, улица Прохладная",
        "caller +79161234567 and 8 (916) 123-45-67",
        "HTTP 500 for http://127.0.0.1:8082/api/Person?PersonSurName_SurName=%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2&x=1",
        "GET /api/Person?PersonSurName_SurName=Иванов&PersonBirthDay_BirthDay=1985-03-12",
        "born 1985-03-12 or 12.03.1985",
        "snils 112-233-445 95",
        "policy 5047820828182555",
        r'{"text": "\u0418\u0432\u0430\u043d\u043e\u0432"}',
    ],
)
def test_personal_data_is_masked(text: str) -> None:
    masked = mask(text)
    assert not any(secret in masked for secret in SECRETS)
    assert not any("\u0400" <= letter <= "\u04ff" for letter in masked)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T06:47:23.123456Z worker ready on 127.0.0.1:5060, 4 lines",
        "call 3f2a9bc0e1d24c7c8a90aa112233ff44 ended after 96.2 s with created",
        "house call 6e1c9c5e-0c0b-4f55-9f8e-0f2a3b4c5d6e is delivered",
    ],
)
def test_what_an_operator_of_the_service_needs_stays_readable(text: str) -> None:
    assert mask(text) == text


def test_a_library_that_logs_a_callers_words_cannot_leak_them() -> None:
    """Through the real handler: message, arguments, bound values and traceback."""
    program = """
import logging
from core import logs
logs.configure("test")
logging.getLogger("some.library").error("bad answer %s", "Иванов Пётр, +79161234567")
log = logs.get_logger("ours")
log.info("turn", text="улица Прохладная")
try:
    raise ValueError("не понял: Иванов")
except ValueError:
    log.exception("failed")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["bad answer ***, ***", "turn", "failed"]
    assert not any(secret in done.stderr for secret in SECRETS)
    assert "ValueError" in lines[2]["exception"]
