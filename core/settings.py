"""The one settings file. Every setting is read from the environment as `VYZOV_<NAME IN CAPITALS>`.

`scripts/run` resolves what is left empty (tokens, passwords), and hands the same environment to every service.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent

_SIP_URI = re.compile(
    r"sips?:(?:[\w.!~*'()&=+$,;/%-]+@)?(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:;[\w.=%-]+)*", re.ASCII
)
"""RFC 3261, 25.1, without a password, headers, a display name or angle brackets."""


class Settings(BaseSettings):
    """All settings with their defaults; loopback only by default."""

    model_config = SettingsConfigDict(env_prefix="VYZOV_", extra="ignore")

    # -- places
    var_dir: Path = Field(ROOT / "var", description="Everything written at run time: databases, models, caches")
    region_dir: Path = Field(ROOT / "regions" / "sample", description="CSV files of the region and region.yml")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    time_zone: str = Field("Europe/Moscow", description="Time zone of clinics that have none of their own")
    host: str = Field("127.0.0.1", description="Address that our HTTP services listen on")
    production: bool = Field(
        False, description="Real residents phone: medical lists that nobody signed (`approved_by`) are refused"
    )

    # -- secrets
    api_token: SecretStr = Field(SecretStr(""), description="Bearer token of the HTTP interfaces; see var/api_token")
    dashboard_password: SecretStr = Field(
        SecretStr(""), description="Password of the dashboard's user `supervisor`; see var/dashboard_password"
    )

    # -- telephony
    lines: int = Field(4, ge=1, le=1000, description="Calls at once")
    sip_host: str = Field("127.0.0.1", description="Address of the public SIP end point")
    sip_port: int = Field(5060, description="Port of the public SIP end point, UDP and TCP")
    sip_worker_port: int = Field(5070, description="First SIP port of workers that stand behind Kamailio")
    rtp_port: int = Field(16000, description="First RTP port; every worker takes a range of its own")
    worker_metrics_port: int = Field(9100, description="First port of the workers' /metrics and /health")
    operator_uri: str = Field(
        "", description="SIP URI of the operators; empty: the sandbox's own desk, which answers and says so"
    )
    emergency_uri: str = Field("", description="SIP URI of the ambulance, 103; empty: the sandbox's own desk")
    emergency_uris: dict[str, str] = Field(
        {},
        description="JSON object of the ambulances by area: the patient's town, or the number that was called, to a SIP"
        " URI; `emergency_uri` for all others",
    )
    transfer: Literal["auto", "refer", "leg"] = Field(
        "auto", description="How calls are handed over: REFER, a second leg of our own, auto: REFER and else a leg"
    )
    transfer_legs: int = Field(
        0, ge=0, le=100, description="Calls of a worker kept free for second legs; 0: a leg takes a place that is free"
    )
    transfer_seconds: float = Field(30.0, ge=1, le=120, description="How long an operator's telephone may ring")
    operator_desk_port: int = Field(5090, description="SIP port of the sandbox's desk")
    turn_seconds: float = Field(8.0, description="Longest wait for the dialog's answer to one turn")

    # -- Redis, ours alone
    redis_host: str = "127.0.0.1"
    redis_port: int = Field(6390, description="Port of our own redis-server")
    redis_password: SecretStr = SecretStr("")
    events_kept: int = Field(100_000, description="Bound of the event stream")

    # -- services
    asr_port: int = 8090
    asr_engine: Literal["auto", "whisper", "vosk"] = Field(
        "auto", validation_alias="VYZOV_ASR", description="auto: vosk when its Russian model is there"
    )
    asr_processes: int = Field(2, ge=1, description="Recogniser processes")
    vosk_model_dir: Path | None = Field(None, description="Folder of a Vosk model; default var/models/vosk-ru")
    tts_port: int = 8091
    tts_engine: Literal["auto", "festival", "silero"] = Field("auto", validation_alias="VYZOV_TTS")
    tts_processes: int = Field(2, ge=1, description="Warm Festival processes")
    silero_speaker: str = "xenia"
    silero_sha256: str = Field("", description="SHA-256 of Silero's model; empty: that in the .sha256 file beside it")
    understanding_port: int = 8092
    dialog_port: int = Field(5005, description="First port of the Rasa processes")
    dialog_processes: int = Field(1, ge=1, description="Rasa processes; calls are spread by call id")
    actions_port: int = Field(5055, description="Port of Rasa's action server")
    connector_port: int = 8081
    sandbox_port: int = 8082
    dashboard_port: int = 8080

    # -- databases
    connector_database: str = Field("", description="SQLAlchemy URL; default SQLite in var/connector.sqlite")
    dashboard_database: str = Field("", description="SQLAlchemy URL; default SQLite in var/dashboard.sqlite")

    # -- MIS
    mis_driver: Literal["ecp"] = Field("ecp", description="Which driver of mis_connector/drivers speaks to the MIS")
    mis_url: str = Field("", description="Base URL of the MIS; empty: the sandbox")
    mis_login: str = "vyzov"
    mis_password: SecretStr = Field(SecretStr(""), description="empty with the sandbox: var/mis_password")
    mis_seconds: float = Field(4.0, description="Time limit of one request to the MIS")
    mis_parallel: int = Field(4, ge=1, description="House calls in delivery to the MIS at once")
    delivery_wait_seconds: float = Field(3.0, description="How long a caller waits for the MIS before `queued`")
    delivery_hours: float = Field(24.0, description="Undelivered for longer: the request goes to a registrar")
    settle_seconds: float = Field(
        60.0, description="How long a MIS may still be busy with a request it did not answer, before it is sent again"
    )

    @field_validator("operator_uri", "emergency_uri", "emergency_uris")
    @classmethod
    def _sip_uris(cls, value: str | dict[str, str]) -> str | dict[str, str]:
        """Raises ValueError unless every address is a plain SIP URI: a wrong one would only show in an emergency."""
        by_area = value if isinstance(value, dict) else {"it": value} if value else {}
        for area, uri in by_area.items():
            if not area.strip() or not _SIP_URI.fullmatch(uri):
                raise ValueError(f"{area.strip() or 'every area'} must have a SIP URI such as sip:103@192.0.2.1:5060")
        return value

    def url(self, port: int) -> str:
        """Base URL of one of our services on this machine."""
        return f"http://{self.host}:{port}"

    @property
    def asr_url(self) -> str:
        return self.url(self.asr_port)

    @property
    def tts_url(self) -> str:
        return self.url(self.tts_port)

    @property
    def understanding_url(self) -> str:
        return self.url(self.understanding_port)

    @property
    def connector_url(self) -> str:
        return self.url(self.connector_port)

    @property
    def models_dir(self) -> Path:
        return self.var_dir / "models"


@lru_cache
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
