"""Secrets: made once, readable by the services' user alone, never in a command or a configuration of the supervisor."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.settings import Settings
from deploy import generated, secret_files, table
from deploy.capacity import Capacity
from deploy.supervisor import configuration


def test_made_once_and_closed_to_others(tmp_path: Path) -> None:
    first: dict[str, str] = {}
    secret_files.provide(tmp_path, first)
    second: dict[str, str] = {}
    secret_files.provide(tmp_path, second)
    assert first == second
    assert len(set(first.values())) == len(secret_files.NAMES)
    for name in secret_files.NAMES:
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        assert len(first[f"VYZOV_{name.upper()}"]) >= 32


def test_the_environment_overrides(tmp_path: Path) -> None:
    environment = {"VYZOV_API_TOKEN": "given"}
    secret_files.provide(tmp_path, environment)
    assert environment["VYZOV_API_TOKEN"] == "given"
    assert not (tmp_path / "api_token").exists()


def test_an_empty_or_open_file_is_mended(tmp_path: Path) -> None:
    (tmp_path / "api_token").write_text("\n")
    (tmp_path / "mis_password").write_text("kept\n")
    (tmp_path / "mis_password").chmod(0o644)
    environment: dict[str, str] = {}
    secret_files.provide(tmp_path, environment)
    assert environment["VYZOV_API_TOKEN"]
    assert environment["VYZOV_MIS_PASSWORD"] == "kept"
    assert stat.S_IMODE((tmp_path / "mis_password").stat().st_mode) == 0o600


def test_no_secret_stands_in_a_command_or_the_supervisors_configuration(tmp_path: Path) -> None:
    environment: dict[str, str] = {}
    secret_files.provide(tmp_path, environment)
    settings = Settings(**{name: environment[f"VYZOV_{name.upper()}"] for name in secret_files.NAMES})  # type: ignore[arg-type]
    processes = table.lay_out(table.load(), settings, Capacity(12, 4), tmp_path / "run")
    text = configuration(processes, tmp_path / "run", tmp_path / "log")
    assert not [value for value in environment.values() if value in text]


def test_generated_files_are_closed_to_others(tmp_path: Path) -> None:
    settings = Settings(redis_password="secret", lines=8)
    generated.write_all(settings, Capacity(8, 4), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"redis.conf", "kamailio.cfg", "dispatcher.list"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("password", ["", "two words", 'quo"te', "line\nbreak"])
def test_a_redis_password_that_would_open_redis_is_refused(password: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="VYZOV_REDIS_PASSWORD"):
        generated.redis(Settings(redis_password=password), tmp_path)
