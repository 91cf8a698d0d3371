"""Metrics of all rooms (prometheus-client). Labels never carry personal data or a call's id."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0)

CALLS = Counter("vyzov_calls_total", "Calls by outcome", ["outcome"])
LINES_BUSY = Gauge("vyzov_lines_busy", "Lines with a call")
LINES = Gauge("vyzov_lines", "Lines that can take a call")
TURN_SECONDS = Histogram(
    "vyzov_turn_seconds",
    "A turn's latency by part: end_of_turn, recognition, dialog, synthesis, voice_to_voice",
    ["part"],
    buckets=SECONDS,
)
EVENTS_DROPPED = Counter("vyzov_events_dropped_total", "Events lost because Redis did not take them in time")
RECOGNITION_SECONDS = Histogram(
    "vyzov_recognition_seconds", "Time to recognise a turn", ["engine", "mode"], buckets=SECONDS
)
SYNTHESIS_SECONDS = Histogram("vyzov_synthesis_seconds", "Time to synthesise a text", ["engine"], buckets=SECONDS)
SYNTHESIS_FALLBACKS = Counter("vyzov_synthesis_fallbacks_total", "Texts an engine refused", ["engine"])
HOUSE_CALLS = Counter("vyzov_house_call_states_total", "Changes of a house call's state", ["state"])
UNDERSTANDING_SECONDS = Histogram(
    "vyzov_understanding_seconds",
    "Time to understand a turn, by slot or expectation",
    ["kind"],
    buckets=(0.005, 0.02, *SECONDS),
)
UNDERSTOOD = Counter("vyzov_understood_total", "Turns by slot or expectation and meaning", ["kind", "meaning"])
REGISTER_RELOADS = Counter(
    "vyzov_register_reloads_total", "Reloads of the address register: loaded, refused", ["outcome"]
)
REGISTER_SIZE = Gauge("vyzov_register_size", "Towns, streets, houses of the address register in use", ["of"])
