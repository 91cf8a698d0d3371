"""The table's promise: what it says can be run, or it is refused with the row's name before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.settings import Settings
from deploy import generated, table
from deploy.capacity import Capacity

GOOD = """
stages: [first, second]
environment_variables:
  rasa: {WHERE: "{redis_host}"}
preparations:
  train: {title: training, environment: rasa, command: "python -m dialog.train {var_dir}"}
processes:
  late: {stage: second, environment: services, command: "python -m late {index} {worker_lines}", instances: workers,
         ports: [{setting: telephony_port, protocol: udp}], ready: {check: sip, port: telephony_port}}
  early: {stage: first, environment: rasa, command: "python -m early --port {dialog_port}",
          ports: [{setting: dialog_port, protocol: tcp}], ready: {check: http, port: dialog_port}}
"""


def lay_out(text: str, tmp_path: Path, lines: int = 4, **settings: object) -> list[table.Process]:
    path = tmp_path / "processes.yml"
    path.write_text(text)
    return table.lay_out(table.load(path), Settings(lines=lines, **settings), Capacity(lines, 4), "/run/x")  # type: ignore[arg-type]


def test_processes_come_in_the_order_of_their_stages_with_everything_filled_in(tmp_path: Path) -> None:
    early, late = lay_out(GOOD, tmp_path, dialog_port=6005, redis_host="127.0.0.9")
    assert (early.name, early.command) == ("early", ["python", "-m", "early", "--port", "6005"])
    assert early.variables == {"WHERE": "127.0.0.9"}
    assert (late.name, late.ports[0].number, late.ports[0].variable) == ("late-0", 5060, "VYZOV_SIP_PORT")


def test_more_lines_than_one_process_holds_are_workers_on_ports_behind_the_edge(tmp_path: Path) -> None:
    workers = lay_out(GOOD, tmp_path, lines=10)[1:]
    assert [worker.name for worker in workers] == ["late-0", "late-1", "late-2"]
    assert [worker.ports[0].number for worker in workers] == [5070, 5071, 5072]
    assert [worker.command[-1] for worker in workers] == ["4", "3", "3"]
    assert workers[0].ports[0].variable == "VYZOV_SIP_WORKER_PORT"


@pytest.mark.parametrize(
    ("lines", "limit", "spread"), [(1, 4, [1]), (4, 4, [4]), (5, 4, [3, 2]), (12, 4, [4, 4, 4]), (240, 240, [240])]
)
def test_lines_are_spread_evenly(lines: int, limit: int, spread: list[int]) -> None:
    size = Capacity(lines, limit)
    assert [size.lines_of(index) for index in range(size.workers)] == spread
    assert size.has_edge == (len(spread) > 1)


@pytest.mark.parametrize(
    ("wrong", "right", "named"),
    [
        ("dialog_prot", "{dialog_port}", "dialog_prot"),
        ("stage: third", "stage: second", "third"),
        ("port: redis_port}", "port: dialog_port}", "redis_port"),
        ("check: telnet", "check: sip", "check"),
        ("environment: java", "environment: services", "environment"),
        ("{api_token}", "{dialog_port}", "api_token"),
        ("{redis_password}", "{redis_host}", "redis_password"),
        ("{sandbox_prot}", "{var_dir}", "sandbox_prot"),
    ],
)
def test_a_wrong_row_is_named(wrong: str, right: str, named: str, tmp_path: Path) -> None:
    text = GOOD.replace(right, wrong if wrong.startswith("{") or ":" in wrong or "}" in wrong else "{" + wrong + "}")
    assert text != GOOD
    with pytest.raises(ConfigurationError, match=named):
        lay_out(text, tmp_path)


def test_our_own_table_fits_the_sandbox_and_a_real_region() -> None:
    rows = table.load()
    sandbox = {p.name for p in table.lay_out(rows, Settings(), Capacity(4, 4), "/run/x")}
    assert {"redis", "asr", "tts", "understanding", "connector", "sandbox-mis", "dashboard", "telephony-0"} <= sandbox
    assert "kamailio" not in sandbox
    real = Settings(mis_url="https://mis.example", operator_uri="sip:a@192.0.2.1", emergency_uri="sip:b@192.0.2.1")
    names = {p.name for p in table.lay_out(rows, real, Capacity(12, 4), "/run/x")}
    assert not {"sandbox-mis", "operator-desk"} & names
    assert {"kamailio", "telephony-0", "telephony-1", "telephony-2"} <= names


def test_workers_listen_where_the_edge_looks_for_them() -> None:
    settings, size = Settings(), Capacity(12, 4)
    workers = [p for p in table.lay_out(table.load(), settings, size, "/run/x") if p.name.startswith("telephony-")]
    listening = "".join(f"1 sip:127.0.0.1:{worker.ports[0].number} 0 0\n" for worker in workers)
    assert listening == generated.dispatcher_list(settings, size), "calls for these workers go nowhere"
    assert [worker.ready.port for worker in workers] == [9100, 9101, 9102]


def test_no_two_processes_share_a_port() -> None:
    settings = Settings(dialog_processes=3)
    processes = table.lay_out(table.load(), settings, Capacity(40, 4), "/run/x")
    ports = [(port.number, port.protocol) for process in processes for port in process.ports]
    assert len(ports) == len(set(ports))
