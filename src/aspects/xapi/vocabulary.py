"""The names that Open edX's xAPI statements use: verbs, activity types and extensions.

Each is an IRI that a profile of the xAPI community, or Open edX itself, has given a meaning. They are
compared as exact strings (xAPI 1.0.3, Data 4.3), so they are written here once.
"""

from __future__ import annotations

from typing import Final

ADL: Final = "http://adlnet.gov/expapi"
TINCAN: Final = "http://id.tincanapi.com"
ACROSSX: Final = "https://w3id.org/xapi/acrossx"
VIDEO: Final = "https://w3id.org/xapi/video"
DOD: Final = "https://w3id.org/xapi/dod-isd"
OPENEDX: Final = "https://w3id.org/xapi/openedx"

VERSION: Final = "1.0.3"


class Verb:
    """What a learner did."""

    REGISTERED: Final = f"{ADL}/verbs/registered"
    UNREGISTERED: Final = f"{TINCAN}/verb/unregistered"
    PASSED: Final = f"{ADL}/verbs/passed"
    FAILED: Final = f"{ADL}/verbs/failed"
    EARNED: Final = f"{TINCAN}/verb/earned"
    EVALUATED: Final = f"{ACROSSX}/verbs/evaluated"
    ATTEMPTED: Final = f"{ADL}/verbs/attempted"
    ASKED: Final = f"{ADL}/verbs/asked"
    NAVIGATED: Final = f"{DOD}/verbs/navigated"
    INITIALIZED: Final = f"{ADL}/verbs/initialized"
    PLAYED: Final = f"{VIDEO}/verbs/played"
    PAUSED: Final = f"{VIDEO}/verbs/paused"
    SEEKED: Final = f"{VIDEO}/verbs/seeked"
    TERMINATED: Final = f"{ADL}/verbs/terminated"
    COMPLETED: Final = f"{ADL}/verbs/completed"
    INTERACTED: Final = f"{ADL}/verbs/interacted"
    PROGRESSED: Final = f"{ADL}/verbs/progressed"
    POSTED: Final = f"{ACROSSX}/verbs/posted"
    EDITED: Final = f"{ACROSSX}/verbs/edited"
    REPORTED: Final = f"{ACROSSX}/verbs/reported"
    DELETED: Final = f"{DOD}/verbs/deleted"
    UNREPORTED: Final = f"{OPENEDX}/verb/unreported"
    VOTED: Final = f"{OPENEDX}/verb/voted"
    VIEWED: Final = f"{TINCAN}/verb/viewed"


VERBS: Final[tuple[str, ...]] = tuple(
    value for name, value in vars(Verb).items() if name.isupper() and isinstance(value, str)
)
"""Every verb of the catalogue."""


def display(verb: str) -> str:
    """The English name of a verb: the last part of its IRI."""
    return verb.rsplit("/", 1)[1]


class Activity:
    """What a statement's object is."""

    COURSE: Final = f"{ADL}/activities/course"
    MODULE: Final = f"{ADL}/activities/module"
    LINK: Final = f"{ADL}/activities/link"
    QUESTION: Final = f"{ADL}/activities/question"
    INTERACTION: Final = f"{ADL}/activities/cmi.interaction"
    EXAM_ATTEMPT: Final = f"{ADL}/activities/attempt"
    RESOURCE: Final = f"{TINCAN}/activitytype/resource"
    SOLUTION: Final = f"{TINCAN}/activitytype/solution"
    DISCUSSION: Final = f"{TINCAN}/activitytype/discussion"
    HINT: Final = f"{ACROSSX}/extensions/supplemental-info"
    VIDEO: Final = f"{VIDEO}/activity-type/video"
    TIMED_EXAM: Final = f"{OPENEDX}/activity/timed-assessment"
    PRACTICE_EXAM: Final = f"{OPENEDX}/activity/practice-assessment"
    PROCTORED_EXAM: Final = f"{OPENEDX}/activity/proctored-assessment"


class Extension:
    """Further facts of an object, a result or a context."""

    TYPE: Final = f"{ACROSSX}/extensions/type"
    """The enrollment mode of a course; the kind of a forum thread; the direction of a vote."""
    TOTAL_ITEMS: Final = f"{ACROSSX}/extensions/total-items"
    TIME_LIMIT: Final = f"{ACROSSX}/extensions/time-limit"
    ATTEMPT_ID: Final = f"{TINCAN}/extension/attempt-id"
    STARTING_POSITION: Final = f"{TINCAN}/extension/starting-position"
    ENDING_POINT: Final = f"{TINCAN}/extension/ending-point"
    DURATION: Final = f"{TINCAN}/extension/duration"
    VIDEO_LENGTH: Final = f"{VIDEO}/extensions/length"
    TIME: Final = f"{VIDEO}/extensions/time"
    TIME_FROM: Final = f"{VIDEO}/extensions/time-from"
    TIME_TO: Final = f"{VIDEO}/extensions/time-to"
    CAPTIONS: Final = f"{VIDEO}/extensions/cc-enabled"
    SPEED_FROM: Final = f"{OPENEDX}/extension/speed-from"
    SPEED_TO: Final = f"{OPENEDX}/extension/speed-to"
    ATTEMPT_STARTED: Final = f"{OPENEDX}/extension/attempt-started"
    ATTEMPT_COMPLETED: Final = f"{OPENEDX}/extension/attempt-completed"
    TRANSFORMER: Final = f"{OPENEDX}/extension/transformer-version"
    SESSION: Final = f"{OPENEDX}/extensions/session-id"
    PROGRESS: Final = "https://w3id.org/xapi/cmi5/result/extensions/progress"
    CLASSIFICATION: Final = "http://www.tincanapi.co.uk/activitytypes/grade_classification"
