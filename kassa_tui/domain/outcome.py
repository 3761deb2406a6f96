"""What an act answers. A refusal is a normal answer, not an exception; its words live in ``messages``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """The act was done. ``code`` says what happened: ``added``, ``paid``, ``parked`` …"""

    code: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """The act was not done and nothing changed. ``code`` keys the words, ``facts`` fill them in."""

    code: str
    facts: Facts = field(default_factory=dict)


Outcome = Done | Refused
