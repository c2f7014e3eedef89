"""Lines of the log in, statements as JSON out, as event-routing-backends makes them.

A statement's id is a version 5 UUID: its namespace is made of the verb, its name of the actor and the time.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Any, Final
from uuid import NAMESPACE_DNS, uuid5

import orjson

from aspects.logs.engine import IN_DOUBT, Answer
from aspects.logs.fast.event import Course, Doubt, Event, quoted
from aspects.logs.fast.kinds import KINDS, PROBLEM_CHECK, Parts, check_sent, checked
from aspects.logs.fast.knowledge import Users
from aspects.xapi.vocabulary import VERSION, Extension, Verb, display

try:
    # A third of the time that OpenSSL's takes for a text this short.
    from _sha1 import sha1  # type: ignore[import-not-found, unused-ignore]  # CPython's own, without a stub
except ImportError:
    from hashlib import sha1

_TRANSFORMER: Final = "event-routing-backends@9.3.8"
_NOT_WHOLE: Final = Answer(reason="json", message="There is no whole JSON object at the end of the line.")
_NO_EVENT: Final = Answer(reason="shape", message="The JSON object has no event: it is not of a tracking log.")
_MUCH_NESTED: Final = 400
_LONG: Final = 4000
_MANY_DIGITS: Final = re.compile(rb"\d{300}").search
_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.(?!000000)\d{6}\+00:00", re.ASCII
).fullmatch
_COURSE: Final = re.compile(r"course-v1:[A-Za-z0-9_.-]+\+[A-Za-z0-9_.-]+\+[A-Za-z0-9_.-]+", re.ASCII).fullmatch
_USERNAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.@+-]*", re.ASCII).fullmatch
_HIGHEST_USER: Final = 10**18
_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_COURSES: Final = 100_000


class Transformer:
    """Makes statements of lines. One that is in doubt about a line says so."""

    def __init__(self, lms_url: str, users: Users, course_names: dict[str, str]) -> None:
        self._lms_url = lms_url
        self._users = users
        self._names = course_names
        self._courses: dict[str, Course] = {}
        self._home = orjson.dumps(lms_url).decode()

    def answer(self, line: bytes) -> Answer:
        """The statements of a line, or why there are none, or IN_DOUBT. Raises only what no line is to blame for."""
        begin = line.find(b"{")
        if begin < 0 or not line.endswith(b"}"):
            return _NOT_WHOLE if line.isascii() and line[-1:] > b" " else IN_DOUBT
        if begin and not line[:begin].isascii():
            return IN_DOUBT
        if line.count(b"{") + line.count(b"[") > _MUCH_NESTED or (len(line) > _LONG and _MANY_DIGITS(line)):
            return IN_DOUBT
        try:
            whole: dict[str, Any] = orjson.loads(line[begin:])
            return self._answer(whole)
        except (orjson.JSONDecodeError, Doubt):
            return IN_DOUBT

    def _answer(self, whole: dict[str, Any]) -> Answer:
        if "event" not in whole:
            return _NO_EVENT
        name = whole.get("name")
        if type(name) is not str:
            raise Doubt
        kind = KINDS.get(name)
        if kind is None and name != PROBLEM_CHECK:
            return Answer(reason="event.unknown", message=f"There is no statement for {' '.join(name[:100].split())}.")
        data = whole["event"]
        if type(data) is str:
            data = _inner(data)
        whole["data"] = data
        whole.setdefault("timestamp", whole.get("time"))
        context = whole.get("context")
        if type(context) is not dict:
            raise Doubt
        time = whole["timestamp"]
        match = _TIME(time) if type(time) is str else None
        if match is None or not _is_date(match[1]):
            raise Doubt
        event = Event(self._lms_url, name, whole, data, context, self._course(context.get("course_id")))
        if kind is not None:
            if type(data) is not dict:
                raise Doubt
            parts = kind.parts(event)
            envelope = self._envelope(event, time)
            return Answer((envelope.statement(kind.verb, parts),))
        return self._check(event, time)

    def _check(self, event: Event, time: str) -> Answer:
        source = event.whole.get("event_source")
        if event.context.get("event_source") or event.context.get("referer") or source not in ("server", "browser"):
            raise Doubt
        if source == "browser":
            parts = check_sent(event)
            return Answer((self._envelope(event, time).statement(Verb.ATTEMPTED, parts),))
        whole, questions = checked(event)
        envelope = self._envelope(event, time)
        if not questions:
            return Answer((envelope.statement(Verb.EVALUATED, whole),))
        return Answer(tuple(envelope.group(Verb.EVALUATED, whole, questions)))

    def _envelope(self, event: Event, time: str) -> _Envelope:
        session = event.found("session")
        if session is not None and type(session) is not str:
            raise Doubt
        actor = self._users.uuid(self._user(event))
        return _Envelope(self._home, self._lms_url, actor, time, session or "", event.course)

    def _user(self, event: Event) -> str:
        """Who did it, after what the log says of an id and a name that are one user's is taken over."""
        context_id, username = event.context.get("user_id"), event.whole.get("username")
        if context_id and not _is_user_id(context_id):
            raise Doubt
        if username is not None and type(username) is not str:
            raise Doubt
        data = event.data if type(event.data) is dict else {}
        user = data.get("user_id")
        if not user and not data.get("username"):
            user = event.found("user_id") or event.found("username")
        if type(user) is int:
            if not _is_user_id(user):
                raise Doubt
            user = str(user)
        elif type(user) is not str or not _USERNAME(user):
            raise Doubt
        if context_id and username:
            self._users.same(str(context_id), username)
        return user

    def _course(self, key: object) -> Course:
        if type(key) is not str:
            raise Doubt
        found = self._courses.get(key)
        if found is None:
            if not _COURSE(key):
                raise Doubt
            name = self._names.get(key) or self._names.get("*") or key
            if len(self._courses) < _COURSES:
                found = self._courses[key] = Course(self._lms_url, key, name)
            else:
                found = Course(self._lms_url, key, name)
        return found


def _is_user_id(value: object) -> bool:
    return type(value) is int and 0 < value < _HIGHEST_USER


def _inner(value: str) -> Any:
    """What a text stands for: the browser's events are JSON inside of JSON, and its forms are not."""
    if value[:1].islower() and value[:1] not in "tfn":
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise Doubt from error


@lru_cache(maxsize=10_000)
def _is_date(day: str) -> bool:
    try:
        return date.fromisoformat(day).year >= 1900
    except ValueError:
        return False


@lru_cache(maxsize=10_000)
def _namespace(verb: str, child: str) -> bytes:
    """The UUID namespace of a verb's statements; `child` is the input id of one question of several."""
    name = f'{{"id": "{verb}", "display": {{"en": "{display(verb)}"}}}}' + (f"-{child}" if child else "")
    return uuid5(NAMESPACE_DNS, name).bytes


_VERBS: Final = {
    verb: f'"verb":{{"id":"{verb}","display":{{"en":"{display(verb)}"}}}},"object":'
    for verb in {*(kind.verb for kind in KINDS.values()), Verb.EVALUATED, Verb.ATTEMPTED}
}


class _Envelope:
    """What the statements of one line have in common."""

    def __init__(self, home: str, lms_url: str, actor: str, time: str, session: str, course: Course) -> None:
        self._name = (
            f'{{"objectType": "Agent", "account": {{"name": "{actor}", "homePage": "{lms_url}"}}}}-{time}'.encode()
        )
        self._actor = (
            f'"version":"{VERSION}","actor":{{"objectType":"Agent","account":{{"name":"{actor}","homePage":{home}}}}},'
        )
        self._course = course
        self._time = f',"timestamp":"{time}","context":{{'
        spoken = f',"{Extension.SESSION}":{quoted(session)}' if session else ""
        self._extensions = f'"extensions":{{"{Extension.TRANSFORMER}":"{_TRANSFORMER}"{spoken}'

    def statement(self, verb: str, parts: Parts) -> bytes:
        """The only statement of a line."""
        return self._write(self._identifier(verb), verb, parts)

    def group(self, verb: str, whole: Parts, questions: list[Any]) -> list[bytes]:
        """A statement for each question, and one for the whole, to which they refer."""
        identifier = self._identifier(verb)
        reference = f'"statement":{{"objectType":"StatementRef","id":"{identifier}"}},'
        made = [self._write(identifier, verb, whole)]
        for child, parts in questions:
            own = self._identifier(verb, child)
            made.append(self._write(own, verb, parts, whole.target, reference))
        return made

    def _write(self, identifier: str, verb: str, parts: Parts, parent: str = "", reference: str = "") -> bytes:
        activities = ""
        if parts.parent:
            activities = f'"contextActivities":{{"parent":[{parent or self._course.as_parent}]{parts.activities}}},'
        return (
            f'{{"id":"{identifier}",{parts.result}{self._actor}{_VERBS[verb]}{parts.target}{self._time}'
            f"{activities}{reference}{self._extensions}{parts.extensions}}}}}}}"
        ).encode()

    def _identifier(self, verb: str, child: str = "") -> str:
        digits = sha1(_namespace(verb, child) + self._name).hexdigest()  # noqa: S324  # as version 5 UUIDs are made
        return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:32]}"
