"""docker-compose.yml runs the same processes as the supervisor does, and docker-compose accepts it."""

from __future__ import annotations

import subprocess

import pytest
import yaml

from core.settings import ROOT, Settings
from deploy import compose, table
from deploy.capacity import Capacity


def test_the_committed_file_is_what_the_table_says() -> None:
    committed = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert committed == compose.render(), "run: .venv/bin/python -m deploy.compose > docker-compose.yml"


def test_settings_of_the_machine_do_not_change_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = compose.render()
    monkeypatch.setenv("VYZOV_REDIS_PORT", "7777")
    assert compose.render() == before


def test_every_process_is_a_container_and_no_secret_is_written() -> None:
    services = yaml.safe_load(compose.render())["services"]
    processes = table.lay_out(table.load(), Settings.model_construct(), Capacity(8, 4), f"{compose.VAR}/run")
    assert {process.name for process in processes} <= set(services)
    assert "SecretStr" not in compose.render()


def test_docker_compose_accepts_it() -> None:
    checked = subprocess.run(
        ["docker-compose", "-f", str(ROOT / "docker-compose.yml"), "config", "-q"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr


def test_packages_of_the_image_are_those_of_the_list() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    assert "deploy/packages.txt" in dockerfile
