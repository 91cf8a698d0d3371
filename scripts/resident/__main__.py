"""`scripts/call`: one resident, one call, one JSON object on standard output; exit 0 when all came as expected."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from pydantic import SecretStr
from redis.exceptions import RedisError
from websockets.exceptions import WebSocketException

from core import logs
from core.errors import VyzovError
from core.settings import Settings, get_settings
from dialog.client import DialogClient
from scripts.resident import scenario as scenarios
from scripts.resident.office import Office
from scripts.resident.phone import Phone
from scripts.resident.resident import Resident
from scripts.resident.scenario import Scenario
from scripts.resident.service import Service
from scripts.resident.speech import Voice
from scripts.resident.text import TextResident
from tts.client import TtsClient


def settings_with_secrets() -> Settings:
    """The settings; what `scripts/run` made is read from its files when the environment has none."""
    settings = get_settings()
    for name in ("api_token", "redis_password"):
        path = settings.var_dir / name
        if not getattr(settings, name).get_secret_value() and path.is_file():
            setattr(settings, name, SecretStr(path.read_text().strip()))
    return settings


def today(settings: Settings) -> date:
    """The day that it is for the service."""
    return datetime.now(ZoneInfo(settings.time_zone)).date()


async def call(scenario: Scenario, arguments: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """Phone once. Raises ConfigurationError, or the errors of a system that is away."""
    audio = Path(arguments.audio) if arguments.audio else None
    if audio is None and scenario.voice.startswith("recorded"):
        audio = folder(arguments.scenario)
    tts, office = TtsClient(settings), Office(settings)
    phone = Phone(scenario.caller_phone)
    try:
        voice = Voice(audio, tts)
        resident = Resident(scenario, voice, Service(settings), office, phone, today(settings))
        uri = arguments.sip or f"sip:122@{settings.sip_host}:{settings.sip_port}"
        return await resident.run(uri, seconds=arguments.seconds)
    finally:
        await phone.close()
        await tts.aclose()
        await office.aclose()
        if arguments.save:
            phone.save(arguments.save)


async def text_call(scenario: Scenario, settings: Settings) -> dict[str, Any]:
    """The same without sound. Raises the errors of a system that is away."""
    dialog, office = DialogClient(settings), Office(settings)
    try:
        return await TextResident(scenario, dialog, office, today(settings)).run()
    finally:
        await dialog.aclose()
        await office.aclose()


def folder(scenario: Path) -> Path:
    """Where the recordings of a scenario lie."""
    return scenario if scenario.is_dir() else scenario.parent


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/call", description=__doc__)
    parser.add_argument("scenario", type=Path, help="scenario file, or the folder that holds scenario.yml")
    parser.add_argument("--text", action="store_true", help="without sound: the turns go straight to the dialog")
    parser.add_argument("--sip", help="whom to phone; default the running system, sip:122@127.0.0.1:5060")
    parser.add_argument("--audio", help="folder with <slot>.al (A-law, 8 kHz, mono); default: the scenario's own")
    parser.add_argument("--seconds", type=float, default=420, help="longest call (default 420)")
    parser.add_argument("--save", metavar="FILE.wav", help="keep what the resident heard")
    arguments = parser.parse_args()
    logs.configure("resident", "WARNING")
    try:
        scenario = scenarios.load(arguments.scenario)
        if scenario.by == "text" and not arguments.text:
            raise ValueError(f"{arguments.scenario}: this one is for --text only")
        settings = settings_with_secrets()
        made = text_call(scenario, settings) if arguments.text else call(scenario, arguments, settings)
        result = asyncio.run(made)
    except (ValueError, VyzovError) as error:
        print(f"scripts/call: {error}", file=sys.stderr)
        return 2
    except (OSError, httpx.HTTPError, WebSocketException, RedisError) as error:
        print(f"scripts/call: the system cannot be reached ({type(error).__name__}); is scripts/run running?",
              file=sys.stderr)  # fmt: skip
        return 2
    print(json.dumps(result, ensure_ascii=False))
    return 0 if result["right"] else 1


if __name__ == "__main__":
    sys.exit(main())
