"""Events of all 65 kinds that have a statement, and what may be odd about them."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any

from aspects.fake.course import Scenario
from aspects.fake.generate import Simulation
from aspects.fake.tracking_log import LogWriter

TWINS = {
    "load_video": "edx.video.loaded",
    "play_video": "edx.video.played",
    "pause_video": "edx.video.paused",
    "stop_video": "edx.video.stopped",
    "complete_video": "edx.video.completed",
    "seek_video": "edx.video.position.changed",
    "show_transcript": "edx.video.transcript.shown",
    "hide_transcript": "edx.video.transcript.hidden",
}
"""Names under which the mobile apps send what the browser calls otherwise."""

ODD: tuple[Any, ...] = (
    ..., None, "", 0, 1, -1, 7, 0.0, -0.0, 1.5, 1e-7, 1e16, 10**30, True, False, [], {}, ["a", "b"], {"id": "x"},
    "x", "7", " 7 ", "ada", "é", "日本", "a\u2028b", 'a"b\\c', "\x7f\x01", "😀", "\ud800", "a b", "1e3", "null", "{}",
    '{"id":"x"}', "2026-02-01T10:00:00Z", "2026-02-01T10:00:00+00:00", "2026-02-01 10:00:00.123456+00:00",
    "2026-02-01T10:00:00.123456", "2026-02-01T10:00:00.5+02:00", "2026-02-30T10:00:00.123456+00:00",
    "2026-02-01T24:00:00.123456+00:00", "2026-02-01T10:00:00.000000+00:00", "1800-02-01T10:00:00.123456+00:00",
    "course-v1:O+C+R", "O/C/R", "library-v1:O+L", "course-v1:O+C+R ", "course-v1:Ö+C+R", "play_video", "browser",
    "block-v1:O+C+R+type@problem+block@0123456789abcdef0123456789abcdef", "http://[x", "https://x/?activate_block_id=",
    "server", "input_0123456789abcdef0123456789abcdef_2_1=choice", "choiceresponse", 59.95, 3600.5, 86400.0, 201.75,
)  # fmt: skip
"""What may stand in place of a value; `...` stands for nothing at all."""

EXTRA = (
    "timestamp", "session", "user_id", "username", "name", "title", "discussion", "current_time", "currentTime",
    "referer", "event_source", "module_id", "problem_id", "submission", "display_name", "response_type", "grade",
    "max_grade", "thread_type", "vote_value", "data", "usage_key", "mode", "course_id", "attempts", "success", "extra",
    "hint_index", "time", "id", "event", "context",
)  # fmt: skip
"""Fields that the library looks for, and one that it does not."""


def of_every_kind(seed: int, each: int = 10, lms_url: str = "http://localhost:18000") -> list[dict[str, Any]]:
    """At most so many events of each kind."""
    simulation = Simulation(Scenario(seed, date(2026, 3, 1), lms_url))
    kinds: Counter[str] = Counter()
    found = []
    for index in range(600):
        learner = simulation.world.learner(index)
        chosen = []
        for action in simulation.actions(learner):
            kinds[action.event] += 1
            if kinds[action.event] <= each:
                chosen.append(action)
        for _, line in LogWriter(simulation.scenario, learner).write(chosen):
            event = json.loads(line)
            found.append(event)
            if event["name"] in TWINS:
                found.append(event | {"name": TWINS[event["name"]]})
    return found


def changed(event: dict[str, Any], chance: Random) -> bytes:
    """The event as a line of the log, with one to three things changed in it."""
    event = copy.deepcopy(event)
    inside = type(event["event"]) is str and event["event"].startswith("{")
    if inside:
        event["event"] = json.loads(event["event"])
    for _ in range(chance.choice((1, 1, 2, 3))):
        places = list(_places(event))
        if chance.random() < 0.3:
            place = chance.choice([where for where, name in places if type(where.get(name)) is dict] or [event])
            inner = chance.choice([one for one in place.values() if type(one) is dict] or [place])
            _put(chance.choice((place, inner)), chance.choice(EXTRA), chance.choice(ODD))
        else:
            _put(*chance.choice(places), chance.choice(ODD))
    if inside and "event" in event:
        event["event"] = json.dumps(event["event"])
    items = list(event.items())
    if chance.random() < 0.2:
        chance.shuffle(items)
    return json.dumps(dict(items), ensure_ascii=chance.random() < 0.5).encode(errors="surrogatepass")


def _put(place: dict[str, Any], name: str, value: Any) -> None:
    if value is ...:
        place.pop(name, None)
    else:
        # Nothing may be in two places: it would be changed in both, or end up inside of itself.
        place[name] = copy.deepcopy(value)


def _places(value: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    for name, inner in value.items():
        yield value, name
        if type(inner) is dict:
            yield from _places(inner)
