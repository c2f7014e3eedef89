"""One line of a tracking log as xAPI statements, by event-routing-backends itself."""

import json
import sqlite3
from typing import NamedTuple

from event_routing_backends.management.commands.helpers.event_log_parser import parse_json_event
from event_routing_backends.processors.xapi.registry import XApiTransformersRegistry
from event_routing_backends.processors.xapi.transformer_processor import XApiProcessor

from event_router.people import people

_process = XApiProcessor()
_NO_USER = "User with username"


class Refused(NamedTuple):
    """Why there is no statement: a stable code, and what was found."""

    reason: str
    message: str


def transform(line: bytes) -> list[str] | Refused:
    """The statements of a line, each as JSON on one line. Raises only what no line is to blame for.

    Reasons for refusal: `encoding` (no UTF-8), `json` (no JSON object at its end), `shape` (JSON, but no event
    of a tracking log), `event.unknown` (a kind of event that has no statement), `event.user` (it names no user),
    `event.invalid` (a field is missing or wrong), `event.object` (a statement would be about nothing).
    """
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        return Refused("encoding", f"Byte {error.start + 1} is not UTF-8.")
    # The library's pattern wants a brace at the end, and takes quadratic time to find that there is none.
    if "{" not in text or not text.rstrip().endswith("}"):
        return Refused("json", "There is no whole JSON object at the end of the line.")
    try:
        event = parse_json_event(text)
    except Exception as error:
        return Refused("shape", f"{type(error).__name__}: {error}"[:500])
    if event is None:
        return _not_parsed(text)
    return _statements(event)


def _not_parsed(text: str) -> Refused:
    """Why the library's parser gave up: it says so in its log only."""
    try:
        json.loads(text[text.index("{") :])
    except ValueError as error:
        return Refused("json", str(error))
    return Refused("shape", "The JSON object has no event: it is not of a tracking log.")


def _statements(event: dict[str, object]) -> list[str] | Refused:
    name = event.get("name")
    if not isinstance(name, str):
        return Refused("shape", "The event has no name.")
    if name not in XApiTransformersRegistry.mapping:
        return Refused("event.unknown", f"There is no statement for {name[:100]}.")
    context = event.get("context")
    try:
        if isinstance(context, dict):
            people().same(context.get("user_id"), event.get("username"))
        made = [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in _process([event])]
        "".join(made).encode()
    except UnicodeEncodeError:
        return Refused("encoding", "The event has half a character.")
    except (sqlite3.Error, MemoryError):
        # It is not the line's fault, so the line must not be refused for it.
        raise
    except Exception as error:
        text = f"{type(error).__name__}: {error}"[:500]
        return Refused("event.user" if isinstance(error, ValueError) and _NO_USER in text else "event.invalid", text)
    if not made:
        return Refused("event.object", "The event does not say what it is about.")
    return made
