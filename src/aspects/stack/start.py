"""What belongs between the services' starts."""

from __future__ import annotations

from aspects.settings import Settings
from aspects.stack import lifecycle
from aspects.stack.lifecycle import Phases, StackStatus


def start_stack(settings: Settings, phases: Phases, demo: bool = False) -> StackStatus:
    """Bring the stack up with everything in it up to date; raises what `lifecycle.up` raises."""
    return lifecycle.up(settings, [], phases)


def refused_statements(settings: Settings) -> int | None:
    """How many statements the warehouse refused; nothing when it cannot be asked."""
    return None
