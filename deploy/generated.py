"""Configuration files made at every start from the settings: Redis and the SIP edge."""

from __future__ import annotations

from pathlib import Path

from core.errors import ConfigurationError
from core.settings import ROOT, Settings, get_settings
from deploy.capacity import Capacity, library_limit

_KAMAILIO = ROOT / "deploy" / "kamailio" / "kamailio.cfg"

REDIS_MEMORY = "512mb"
"""100,000 events of about 1 KB, and 11 KB for each conversation of the last hours (measured), with room to spare."""


def write_all(settings: Settings, capacity: Capacity, run_dir: Path) -> None:
    """Write what the processes of this start read, into `run_dir`, for the services' user alone."""
    _write(run_dir / "redis.conf", redis(settings, run_dir))
    if capacity.has_edge:
        dispatcher = run_dir / "dispatcher.list"
        _write(dispatcher, dispatcher_list(settings, capacity))
        _write(run_dir / "kamailio.cfg", kamailio(settings, dispatcher))


def redis(settings: Settings, run_dir: Path) -> str:
    """redis.conf: loopback, a password, nothing on disk, bounded memory.

    Out of memory the keys nearest to their end go first: every key of ours has a time to live, and live calls'
    keys are the youngest.
    """
    password = settings.redis_password.get_secret_value()
    if not password or any(c.isspace() or c in "\"'" for c in password):
        raise ConfigurationError("VYZOV_REDIS_PASSWORD must be set, without spaces or quotes")
    return "\n".join(
        [
            f"bind {settings.redis_host}",
            f"port {settings.redis_port}",
            "protected-mode yes",
            f"requirepass {password}",
            f"dir {run_dir}",
            'save ""',
            "appendonly no",
            f"maxmemory {REDIS_MEMORY}",
            "maxmemory-policy volatile-ttl",
            "daemonize no",
            "loglevel notice",
            "",
        ]
    )


def dispatcher_list(settings: Settings, capacity: Capacity) -> str:
    """The dispatcher's workers: set 1, one line each."""
    addresses = (settings.sip_worker_port + index for index in range(capacity.workers))
    return "".join(f"1 sip:{settings.host}:{port} 0 0\n" for port in addresses)


def kamailio(settings: Settings, dispatcher: Path) -> str:
    """The edge's configuration with the public address and the list of workers filled in."""
    text = _KAMAILIO.read_text(encoding="utf-8")
    for mark, value in {
        "@ADDRESS@": settings.sip_host, "@PORT@": str(settings.sip_port), "@LIST@": str(dispatcher)
    }.items():  # fmt: skip
        text = text.replace(mark, value)
    return text


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":  # in a container, before the others start
    _settings = get_settings()
    _run_dir = _settings.var_dir / "run"
    _run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_all(_settings, Capacity(_settings.lines, library_limit()), _run_dir)
