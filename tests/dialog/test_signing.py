"""Promise: in production no medical list is used that nobody signed.

A failure means that signs of danger which no doctor has read decide whom an ambulance is offered.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from dialog.reader import SCRIPT_DIR, ScriptError
from dialog.signing import is_production, require_signed


@pytest.mark.parametrize("line", ["", "approved_by: null", "approved_by: ''", "approved_by: '  '"])
def test_an_unsigned_list_is_refused_with_its_name_and_the_remedy(tmp_path: Path, line: str) -> None:
    signed, unsigned = tmp_path / "one.yml", tmp_path / "two.yml"
    signed.write_text("approved_by: д-р Иванова, 2026-11-20", encoding="utf-8")
    unsigned.write_text(f"version: '1'\n{line}\n", encoding="utf-8")
    require_signed(signed)
    with pytest.raises(ScriptError, match=r"two\.yml: approved_by: nobody signed .* A doctor"):
        require_signed(signed, unsigned)


@pytest.mark.parametrize("value", ["true", "[Иванова]", "5"])
def test_a_signature_is_a_name(tmp_path: Path, value: str) -> None:
    path = tmp_path / "list.yml"
    path.write_text(f"approved_by: {value}", encoding="utf-8")
    with pytest.raises(ScriptError, match=r"list\.yml: approved_by: must be text"):
        require_signed(path)


@pytest.mark.parametrize("name", ["urgent.yml", "red_flags.yml"])
def test_our_own_lists_are_signed_by_nobody_yet(name: str) -> None:
    with pytest.raises(ScriptError, match=name):
        require_signed(SCRIPT_DIR / name)


@pytest.mark.parametrize(("value", "on"), [("true", True), ("1", True), ("ON", True), ("false", False), ("0", False),
                                           ("", False)])  # fmt: skip
def test_the_setting_is_read_from_the_environment(value: str, on: bool) -> None:
    assert is_production({"VYZOV_PRODUCTION": value}) is on
    assert is_production({}) is False


def test_a_setting_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ScriptError, match="VYZOV_PRODUCTION"):
        is_production({"VYZOV_PRODUCTION": "maybe"})
