"""Identifiers. Standard library only."""

from __future__ import annotations

import uuid


def new_call_id() -> str:
    """A call's id: random, so that it tells nothing about the caller and never repeats."""
    return uuid.uuid4().hex


def new_house_call_id() -> str:
    return str(uuid.uuid4())
