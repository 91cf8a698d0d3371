"""`scripts/call`: one resident, one call, one JSON object on standard output; exit 0 when the record is right."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from websockets.exceptions import WebSocketException

from core import logs
from core.errors import VyzovError
from core.settings import Settings, get_settings
from scripts.resident import scenario as scenarios
from scripts.resident.phone import Phone
from scripts.resident.resident import Resident
from scripts.resident.service import Service
from scripts.resident.speech import Voice
from tts.client import TtsClient


def settings_with_token() -> Settings:
    """The settings; the token from the running system's file when the environment has none."""
    settings = get_settings()
    token_file = settings.var_dir / "api_token"
    if not settings.api_token.get_secret_value() and token_file.is_file():
        settings.api_token = SecretStr(token_file.read_text().strip())
    return settings


def load(scenario: str, audio: str | None) -> tuple[scenarios.Scenario, Path | None]:
    """The scenario and the folder of its recordings (None: speech is synthesised). Raises ValueError."""
    path = Path(scenario)
    path = path / "scenario.yml" if path.is_dir() else path
    loaded = scenarios.load(path)
    if audio is None and loaded.voice.startswith("recorded"):
        return loaded, path.parent
    return loaded, Path(audio) if audio else None


async def call(arguments: argparse.Namespace) -> dict[str, Any]:
    """Phone once. Raises ValueError for a bad scenario, ConfigurationError, or the errors of a system that is away."""
    scenario, audio = load(arguments.scenario, arguments.audio)
    settings = settings_with_token()
    tts = TtsClient(settings)
    phone = Phone(scenario.caller_phone)
    try:
        resident = Resident(scenario, Voice(scenario, audio, tts), Service(settings), phone)
        uri = arguments.sip or f"sip:122@{settings.sip_host}:{settings.sip_port}"
        return await resident.run(uri, seconds=arguments.seconds)
    finally:
        await phone.close()
        await tts.aclose()
        if arguments.save:
            phone.save(arguments.save)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/call", description=__doc__)
    parser.add_argument("scenario", help="scenario file, or the folder that holds scenario.yml")
    parser.add_argument("--sip", help="whom to phone; default the running system, sip:122@127.0.0.1:5060")
    parser.add_argument("--audio", help="folder with <slot>.al (A-law, 8 kHz, mono); default: the scenario's own")
    parser.add_argument("--seconds", type=float, default=420, help="longest call (default 420)")
    parser.add_argument("--save", metavar="FILE.wav", help="keep what the resident heard")
    arguments = parser.parse_args()
    logs.configure("resident", "WARNING")
    try:
        result = asyncio.run(call(arguments))
    except (ValueError, VyzovError) as error:
        print(f"scripts/call: {error}", file=sys.stderr)
        return 2
    except (OSError, httpx.HTTPError, WebSocketException) as error:
        print(f"scripts/call: the system cannot be reached ({type(error).__name__}); is scripts/run running?",
              file=sys.stderr)  # fmt: skip
        return 2
    print(json.dumps(result, ensure_ascii=False))
    return 0 if result["right"] else 1


if __name__ == "__main__":
    sys.exit(main())
