"""The environment of Rasa's processes: `VYZOV_…` with the defaults of core/settings.py.

Rasa lives on Python 3.10 with pydantic 1 and cannot import core.settings; `scripts/run` exports everything, the
defaults here only fill in what a start by hand leaves out.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DIALOG = ROOT / "dialog"

_RASA = {
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_INTRA_OP_PARALLELISM_THREADS": "1",
    "TF_INTER_OP_PARALLELISM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "LOG_LEVEL": "WARNING",
    "LOG_LEVEL_LIBRARIES": "WARNING",
    "FORCE_JSON_LOGGING": "1",
    # a lock whose process was killed within a turn blocks the call no longer than this (seconds)
    "TICKET_LOCK_LIFETIME": "8",
}


def prepare() -> None:
    """Fill in what is missing; call it before anything of Rasa is imported."""
    env = os.environ
    host = env.setdefault("VYZOV_HOST", "127.0.0.1")
    env.setdefault("VYZOV_REDIS_HOST", "127.0.0.1")
    env.setdefault("VYZOV_REDIS_PORT", "6390")
    env.setdefault("VYZOV_REDIS_PASSWORD", "")
    env.setdefault("VYZOV_ACTIONS_PORT", "5055")
    env.setdefault("VYZOV_ACTIONS_URL", f"http://{host}:{env['VYZOV_ACTIONS_PORT']}")
    env.setdefault("VYZOV_DIALOG_PORT", "5005")
    env.setdefault("VYZOV_UNDERSTANDING_URL", f"http://{host}:{env.get('VYZOV_UNDERSTANDING_PORT', '8092')}")
    env.setdefault("VYZOV_CONNECTOR_URL", f"http://{host}:{env.get('VYZOV_CONNECTOR_PORT', '8081')}")
    env.setdefault("VYZOV_API_TOKEN", "")
    env.update(_RASA)


def var_dir() -> Path:
    return Path(os.environ.get("VYZOV_VAR_DIR", str(ROOT / "var")))
