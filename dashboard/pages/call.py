"""How a call looks: live, in the history, and on the page of the operator who takes it over."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from nicegui import ui

from dashboard.live import LiveCall
from dashboard.pages.frame import clock, number, seconds
from dashboard.words import spoken, words

COLOURS = {
    "vyzov": "text-primary",
    "caller": "text-black",
    "note": "text-positive",
    "alarm": "text-negative text-weight-bold",
}


def draw_call(call: LiveCall, zone: ZoneInfo) -> None:
    """Title, what was said, what was understood."""
    outcome = words()["outcomes"].get(call.outcome, call.outcome) if call.outcome else "идёт"
    ui.label(f"Линия {call.line + 1}, {number(call.caller)}: {outcome}").classes("text-h6").mark("call-title")
    with ui.column().classes("w-full gap-1").mark("transcript"):
        for entry in call.entries:
            _draw_entry(entry.at, entry.who, entry.text, entry.latency, zone)
    draw_slots(call)


def draw_slots(call: LiveCall) -> None:
    with ui.grid(columns="auto auto auto").mark("slots"):
        for slot, (value, probability) in call.slots.items():
            _draw_slot(slot, value, probability)


def _draw_entry(at: datetime, who: str, text: str, latency: float | None, zone: ZoneInfo) -> None:
    with ui.row().classes("no-wrap gap-2 items-baseline"):
        ui.label(clock(at, zone)).classes("text-caption text-grey")
        ui.label(text).classes(COLOURS[who])
        if latency is not None:
            ui.label(seconds(latency)).classes("text-caption text-grey")


def _draw_slot(slot: str, value: Any, probability: float) -> None:
    ui.label(words()["slots"].get(slot, slot)).classes("text-grey")
    ui.label(spoken(value))
    ui.label(f"{probability:.0%}").classes("text-negative" if probability < 0.85 else "text-grey")
