"""What the LMS would have sent of the generated courses and people: rows of the `event_sink` tables.

The columns and their order are those that a live Open edX's own plugin inserts, so they are a contract.
Dates and dump ids follow from the scenario, so that the same rows come again and not new ones.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

import orjson

from aspects.fake.chance import number, uuid
from aspects.fake.course import SECOND, Block, Course, Scenario, blocks_in_order
from aspects.fake.people import Enrolled, World, profile
from aspects.fake.statement_parts import timestamp
from aspects.fake.subjects import SUBJECTS

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "course_overviews": (
        "org", "course_key", "display_name", "course_start", "course_end", "enrollment_start", "enrollment_end",
        "self_paced", "course_data_json", "created", "modified", "dump_id", "time_last_dumped",
    ),
    "course_blocks": (
        "org", "course_key", "location", "display_name", "xblock_data_json", "order", "edited_on", "dump_id",
        "time_last_dumped",
    ),
    "course_enrollment": (
        "id", "course_key", "created", "is_active", "mode", "username", "user_id", "dump_id", "time_last_dumped",
    ),
    "user_profile": (
        "id", "user_id", "name", "username", "email", "meta", "courseware", "language", "location", "year_of_birth",
        "gender", "level_of_education", "mailing_address", "city", "country", "state", "goals", "bio",
        "profile_image_uploaded_at", "phone_number", "dump_id", "time_last_dumped",
    ),
    "external_id": (
        "external_user_id", "external_id_type", "username", "user_id", "dump_id", "time_last_dumped",
    ),
    "taxonomy": ("id", "name", "dump_id", "time_last_dumped"),
    "tag": ("id", "taxonomy", "parent", "value", "external_id", "lineage", "dump_id", "time_last_dumped"),
    "object_tag": (
        "id", "object_id", "taxonomy", "tag", "_value", "_export_id", "lineage", "dump_id", "time_last_dumped",
    ),
}  # fmt: skip
PERSONAL: Final = frozenset({"user_profile", "external_id"})
"""Tables that are filled only when personal data may be stored."""

_COMPLETION: Final = {
    "course": "aggregator", "chapter": "aggregator", "sequential": "aggregator", "vertical": "aggregator",
    "discussion": "excluded",
}  # fmt: skip
_SUBJECT, _LEVEL = "Subject", "Level"
_TAGS: Final = (
    (1, _SUBJECT, tuple(sorted({one.area for one in SUBJECTS}))),
    (2, _LEVEL, ("Introductory", "Intermediate")),
)

Value = str | int | None
Rows = dict[str, list[tuple[Value, ...]]]
"""Rows by table."""


def taxonomy_rows(scenario: Scenario) -> Rows:
    """The taxonomies that courses are tagged from, and their tags."""
    rows: Rows = {"taxonomy": [], "tag": []}
    tags = _tag_ids()
    published = scenario.start_time - 60 * 24 * 3600 * SECOND
    for taxonomy, name, values in _TAGS:
        dump = (uuid("taxonomy", taxonomy), _moment(published))
        rows["taxonomy"].append((taxonomy, name, *dump))
        for value in values:
            rows["tag"].append((tags[name, value], taxonomy, None, value, None, _json([value]), *dump))
    return rows


def _tag_ids() -> dict[tuple[str, str], int]:
    pairs = [(name, value) for _, name, values in _TAGS for value in values]
    return {pair: place for place, pair in enumerate(pairs, start=1)}


def course_rows(scenario: Scenario, course: Course) -> Rows:
    """A course, its blocks and its tags, as of the latest publish."""
    rows: Rows = {table: [] for table in ("course_overviews", "course_blocks", "object_tag")}
    tags = _tag_ids()
    dump = (uuid(scenario.key, "course", course.index), _moment(course.published + 2 * SECOND))
    own_tags = {_SUBJECT: [course.area], _LEVEL: [course.level]}
    data = {
        "advertised_start": "", "announcement": None, "lowest_passing_grade": 0.6, "invitation_only": False,
        "max_student_enrollments_allowed": None, "effort": "3 hours a week", "enable_proctored_exams": True,
        "entrance_exam_enabled": False, "external_id": None, "language": "en", "tags": own_tags,
    }  # fmt: skip
    opened = course.start - 30 * 24 * 3600 * SECOND
    rows["course_overviews"].append(
        (
            course.org, course.key, course.name, _moment(course.start), _moment(course.end), _moment(opened), "",
            str(course.self_paced), _json(data), _moment(opened), _moment(course.published), *dump,
        )
    )  # fmt: skip
    for order, block in enumerate(blocks_in_order(course), start=1):
        tagged = own_tags if block.kind == "course" else {}
        rows["course_blocks"].append(
            (
                course.org, course.key, block.block_id, block.name, _json(_block_data(course, block, tagged)), order,
                _moment(course.published), *dump,
            )
        )  # fmt: skip
    for taxonomy, name, _ in _TAGS:
        value = own_tags[name][0]
        tag = tags[name, value]
        row_id = 1 + number(course.key, name) % (1 << 53)
        rows["object_tag"].append((row_id, course.key, taxonomy, tag, value, name, _json([value]), *dump))
    return rows


def _block_data(course: Course, block: Block, tags: object) -> dict[str, object]:
    """Further facts of a block. A section has subsection and unit 0, as the counters of the LMS's plugin have it."""
    return {
        "course": course.number,
        "run": course.run,
        "block_type": block.kind,
        "detached": 0,
        "graded": int(block.graded),
        "completion_mode": _COMPLETION.get(block.kind, "completable"),
        "section": block.section,
        "subsection": block.subsection,
        "unit": block.unit,
        "tags": tags,
    }


def people_rows(world: World, enrollments: Sequence[Enrolled], personal: bool) -> Rows:
    """Enrollments as they stand, and with `personal` who the learners are."""
    scenario = world.scenario
    rows: Rows = {table: [] for table in COLUMNS if table == "course_enrollment" or (personal and table in PERSONAL)}
    seen: set[int] = set()
    for enrolled in enrollments:
        learner = world.learner(enrolled.learner)
        person = profile(scenario, learner)
        state = (enrolled.changed, enrolled.is_active, enrolled.mode)
        dump = (uuid(scenario.key, "enrollment", enrolled.learner, enrolled.course, *state), _moment(enrolled.changed))
        rows["course_enrollment"].append(
            (
                1 + number(scenario.key, "enrollment", enrolled.learner, enrolled.course) % (1 << 53),
                world.course(enrolled.course).key, _moment(enrolled.created), str(enrolled.is_active), enrolled.mode,
                person.username, learner.user_id, *dump,
            )
        )  # fmt: skip
        if not personal or enrolled.learner in seen:
            continue
        seen.add(enrolled.learner)
        dump = (uuid(scenario.key, "person", learner.index), _moment(scenario.start_time))
        rows["user_profile"].append(
            (
                learner.user_id, learner.user_id, person.name, person.username, person.email, "", "",
                learner.region.language, "", person.year_of_birth, person.gender, person.level_of_education, "",
                person.city, learner.region.country, "", "", "", "", "", *dump,
            )
        )  # fmt: skip
        rows["external_id"].append((learner.actor, "xapi", person.username, learner.user_id, *dump))
    return rows


def as_csv(rows: Iterable[Sequence[Value]]) -> bytes:
    """Rows as ClickHouse reads CSV: an empty field that stands for nothing is written as \\N."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerows(["\\N" if value is None else value for value in row] for row in rows)
    return text.getvalue().encode()


def _moment(time: int) -> str:
    """A time as Python prints it, which is how the LMS's plugin sends it."""
    return timestamp(time).replace("T", " ")


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
