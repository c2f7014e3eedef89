"""A program in Vector's transform language (VRL), compiled and run by Vector's own compiler.

Source: https://vrl.dev. The compiler is that of the Rust crate `vrl`, through the package vrl-python.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from vrl_python import VRLRuntime

Event = dict[str, Any]

_MESSAGE = re.compile(r"error\[E\d+\]: (.*)")
_PLACE = re.compile(r"┌─ :(\d+):(\d+)")
_ABORTED = re.compile(r"\^ aborted$", re.MULTILINE)


@dataclass(frozen=True)
class Diagnostic:
    """Why a program does not compile: the line in it, from 1, the compiler's message, and all that it says."""

    line: int
    message: str
    text: str


class DroppedError(Exception):
    """A program ended an event: `reason` is `abort` where it wanted to, `error` where it failed."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def diagnose(source: str) -> Diagnostic | None:
    """The compiler's words about a program that does not compile."""
    found = VRLRuntime.check_syntax(source)
    if found is None:
        return None
    text = str(found.formatted_message).strip()
    place = _PLACE.search(text)
    return Diagnostic(int(place[1]) if place else 1, ", ".join(found.messages), text)


class Program:
    """A compiled program."""

    def __init__(self, source: str) -> None:
        """Raises ValueError with the compiler's words when it does not compile."""
        self._source = source
        self._runtime = VRLRuntime()
        self._runtime.compile(source)

    def events(self, event: Event) -> list[Event]:
        """What it makes of an event; an array at the root becomes several. Raises DroppedError."""
        made = self._run(event).processed_event
        return [
            one if isinstance(one, dict) else {"message": one} for one in (made if isinstance(made, list) else [made])
        ]

    def holds(self, event: Event) -> bool:
        """Its value as a condition: whether it is true. Raises DroppedError where it fails, such as an assertion."""
        return self._run(event).runtime_result is True

    def _run(self, event: Event) -> Any:
        try:
            return self._runtime.execute(self._source, event)
        except RuntimeError as error:
            text = str(error)
            message = _MESSAGE.search(text)
            reason = "abort" if _ABORTED.search(text) else "error"
            raise DroppedError(reason, message[1] if message else text.strip()) from error
