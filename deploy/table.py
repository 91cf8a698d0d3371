"""The table of processes (`processes.yml`): loaded, checked, and laid out for given settings."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from core.errors import ConfigurationError
from core.settings import ROOT, Settings
from deploy.capacity import Capacity

TABLE = ROOT / "deploy" / "processes.yml"

Environment = Literal["services", "silero", "rasa", "system"]
"""Which Python a command's first word `python` means: `.venv`, `.venv-silero` (`.venv` where its voices are not used),
`.venv-rasa`, or none (a program of the system)."""

Condition = Literal["sandbox_mis", "sandbox_desk", "edge"]
_SETTINGS = {name for name, field in Settings.model_fields.items() if field.annotation is not SecretStr}
"""Without the secrets: a command stands in `ps`, and the supervisor's configuration on the disk."""

_OF_PROCESSES = {"index", "run_dir", "worker_lines", "telephony_port"}
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PortRow(_Row):
    """A port that a process listens on, by the setting that names it."""

    setting: str
    protocol: Literal["tcp", "udp"]


class ReadyRow(_Row):
    """How to see that a process can work: a connection, an answer 200, or an answer 200 to SIP's OPTIONS."""

    check: Literal["tcp", "http", "sip"]
    port: str
    path: str = "/"


class PreparationRow(_Row):
    environment: Environment
    command: str
    title: str


class ProcessRow(_Row):
    stage: str
    environment: Environment
    command: str
    ports: list[PortRow]
    ready: ReadyRow
    instances: Literal["one", "workers", "dialog_processes"] = "one"
    when: Condition | None = None
    forks: bool = False
    """Its workers would outlive it when it is killed."""
    stop_seconds: int = Field(10, ge=1, le=120)
    variables: dict[str, str] = {}


class Table(_Row):
    """`processes.yml` as it is written."""

    stages: list[str]
    environment_variables: dict[Environment, dict[str, str]] = {}
    preparations: dict[_Name, PreparationRow]
    processes: dict[_Name, ProcessRow]

    @model_validator(mode="after")
    def _references_exist(self) -> Table:
        known = _SETTINGS | _OF_PROCESSES
        for name, preparation in self.preparations.items():
            texts = (preparation.command, *self.environment_variables.get(preparation.environment, {}).values())
            if unknown := sorted({f for text in texts for f in _fields(text)} - _SETTINGS - {"run_dir"}):
                raise ValueError(f"{name}: no such setting: {', '.join(unknown)}")
        for name, row in self.processes.items():
            texts = (
                row.command,
                *row.variables.values(),
                *self.environment_variables.get(row.environment, {}).values(),
            )
            used = {
                row.ready.port,
                *(port.setting for port in row.ports),
                *(f for text in texts for f in _fields(text)),
            }
            if unknown := sorted(used - known):
                raise ValueError(f"{name}: no such setting: {', '.join(unknown)}")
            if row.stage not in self.stages:
                raise ValueError(f"{name}: no such stage: {row.stage}")
            if row.ready.port not in {port.setting for port in row.ports}:
                raise ValueError(f"{name}: is asked on a port that it does not list: {row.ready.port}")
        return self


@dataclass(frozen=True)
class Port:
    """A port's number, and the setting (`VYZOV_…`) that moves it."""

    number: int
    protocol: str
    variable: str


@dataclass(frozen=True)
class Ready:
    check: str
    port: int
    path: str


@dataclass(frozen=True)
class Process:
    """One process to run: `command` with everything filled in, `stage` as its place in the order, from 0."""

    name: str
    stage: int
    stage_name: str
    environment: Environment
    command: list[str]
    ports: list[Port]
    ready: Ready
    stop_seconds: int = 10
    forks: bool = False
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Preparation:
    name: str
    title: str
    environment: Environment
    command: list[str]
    variables: dict[str, str]


def load(path: Path = TABLE) -> Table:
    """Read and check the table. Raises ConfigurationError that names the row."""
    try:
        return Table.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path.name}: {error}") from None


def preparations(table: Table, settings: Settings, run_dir: Path | str) -> list[Preparation]:
    """What is run before the start, in order."""
    values = _base_values(settings, run_dir)
    return [
        Preparation(
            name,
            row.title,
            row.environment,
            [word.format_map(values) for word in row.command.split()],
            _filled_in(table.environment_variables.get(row.environment, {}), values),
        )
        for name, row in table.preparations.items()
    ]


def lay_out(table: Table, settings: Settings, capacity: Capacity, run_dir: Path | str) -> list[Process]:
    """Every process that these settings need, with its ports, in the order of the start."""
    conditions: dict[Condition | None, bool] = {
        None: True,
        "sandbox_mis": not settings.mis_url,
        "sandbox_desk": not (settings.operator_uri and settings.emergency_uri),
        "edge": capacity.has_edge,
    }
    counts = {"one": 1, "workers": capacity.workers, "dialog_processes": settings.dialog_processes}
    processes = [
        _process(name, row, index, table, _values(row, index, settings, capacity, run_dir), capacity)
        for name, row in table.processes.items()
        if conditions[row.when]
        for index in range(counts[row.instances])
    ]
    return sorted(processes, key=lambda process: process.stage)


def _process(
    name: str, row: ProcessRow, index: int, table: Table, values: Mapping[str, Any], capacity: Capacity
) -> Process:
    return Process(
        name=name if row.instances == "one" else f"{name}-{index}",
        stage=table.stages.index(row.stage),
        stage_name=row.stage,
        environment=row.environment,
        command=[word.format_map(values) for word in row.command.split()],
        ports=[Port(values[port.setting], port.protocol, _variable(port.setting, capacity)) for port in row.ports],
        ready=Ready(row.ready.check, values[row.ready.port], row.ready.path),
        stop_seconds=row.stop_seconds,
        forks=row.forks,
        variables=_filled_in({**table.environment_variables.get(row.environment, {}), **row.variables}, values),
    )


def _values(row: ProcessRow, index: int, settings: Settings, capacity: Capacity, run_dir: Path | str) -> dict[str, Any]:
    values = _base_values(settings, run_dir)
    values |= {"index": index, "worker_lines": capacity.lines_of(index)}
    values["telephony_port"] = settings.sip_worker_port if capacity.has_edge else settings.sip_port
    for setting in {port.setting for port in row.ports}:
        values[setting] += index
    return values


def _base_values(settings: Settings, run_dir: Path | str) -> dict[str, Any]:
    return {**{name: getattr(settings, name) for name in _SETTINGS}, "run_dir": run_dir}


def _filled_in(variables: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, str]:
    return {name: value.format_map(values) for name, value in variables.items()}


def _variable(setting: str, capacity: Capacity) -> str:
    if setting == "telephony_port":
        setting = "sip_worker_port" if capacity.has_edge else "sip_port"
    return f"VYZOV_{setting.upper()}"


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
