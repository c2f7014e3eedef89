"""The measures of the ground truth, and the file that it is kept in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from aspects.errors import AspectsError
from aspects.fake.course import Scenario

Key = tuple[Any, ...]
"""The parts of a measure's key: texts and whole numbers."""

_PROBLEM: Final = ("course_key", "block_id")
_SEQUENCE: Final = ("course_key", "subsection_id")

MEASURES: Final[dict[str, tuple[str, ...]]] = {
    "currently_enrolled": ("course_key",),
    "currently_enrolled_by_mode": ("course_key", "enrollment_mode"),
    "enrollment_changes_by_day": ("course_key", "enrollment_mode", "day"),
    "cumulative_enrollment_by_day": ("course_key", "enrollment_mode", "day"),
    "enrollment_days": ("course_key", "day"),
    "active_learners_by_day": ("course_key", "day"),
    "events_by_day": ("course_key", "day", "kind"),
    "grade_buckets": ("course_key", "grade_bucket"),
    "passing_learners": ("course_key",),
    "active_learners_per_day": ("day",),
    "active_courses_per_day": ("day",),
    "organizations": (),
    "last_event_time": (),
    "statements": (),
    "blocks": ("course_key", "block_type", "graded"),
    "course_tags": ("course_key", "taxonomy", "tag"),
    "page_visits": (*_SEQUENCE, "unit_id"),
    "page_engagement": (*_SEQUENCE, "pages_viewed", "pages_total"),
    "problem_first_responses": (*_PROBLEM, "question", "response", "success"),
    "problem_last_responses": (*_PROBLEM, "question", "response", "success"),
    "problem_results": (*_PROBLEM, "attempts", "correct", "correct_first"),
    "problem_engagement": (*_SEQUENCE, "graded", "problems_attempted", "problems_total"),
    "problem_help": (*_PROBLEM, "shown"),
    "problem_help_learners": (*_PROBLEM, "shown"),
    "subsection_grades": (*_SEQUENCE, "score_percent"),
    "video_intervals": _PROBLEM,
    "video_total_milliseconds": _PROBLEM,
    "video_watched_milliseconds": _PROBLEM,
    "video_views": (*_PROBLEM, "fully_viewed"),
    "video_segment_views": (*_PROBLEM, "second"),
    "video_segment_viewers": (*_PROBLEM, "second"),
    "video_engagement": (*_SEQUENCE, "videos_viewed", "videos_total"),
    "learner_summary": ("course_key", "enrollment_status", "enrollment_mode", "state", "grade_bucket"),
    "last_visits": ("course_key", "day"),
    "at_risk_learners": ("course_key", "day"),
    "course_comparison": ("course_key", "figure"),
    "refused_statements": ("reason",),
}
"""Each measure with the names of its key's parts. A key that is not listed in the truth has the value 0."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A truth file's content."""

    courses: list[str]
    measures: dict[str, dict[Key, Any]]
    refused_mark: str
    """What the ids of the run's broken statements begin with; empty when there are none."""


def save(
    measures: Mapping[str, list[dict[str, object]]],
    courses: set[str],
    statements: int,
    scenario: Scenario,
    path: Path,
    refused_mark: str = "",
) -> None:
    """Write a truth to a file. Raises AspectsError when that is not possible."""
    content = {
        "seed": scenario.seed,
        "end": scenario.end.isoformat(),
        "lms_url": scenario.lms_url,
        "statements": statements,
        "courses": sorted(courses),
        "refused_mark": refused_mark,
        "measures": measures,
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    except OSError as error:
        raise AspectsError(
            f"The ground truth cannot be written to {path}.",
            why=str(error),
            fix="Free some space or choose another place.",
            code="data.truth_unwritable",
        ) from error


def read(path: Path) -> Expected:
    """A truth file. Raises AspectsError when it is missing or is none."""
    try:
        content = orjson.loads(path.read_bytes())
        return Expected(
            courses=[str(key) for key in content["courses"]],
            measures={
                name: {tuple(str(row[part]) for part in MEASURES[name]): row["value"] for row in rows}
                for name, rows in content["measures"].items()
                if name in MEASURES
            },
            refused_mark=str(content.get("refused_mark", "")),
        )
    except OSError as error:
        raise AspectsError(
            f"The truth file {path} cannot be read.",
            why=str(error),
            fix="./inv data.fake writes one and prints its path; give that with --truth.",
            code="data.no_truth",
        ) from error
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise AspectsError(
            f"{path} is no truth file.",
            why=f"{type(error).__name__}: {error}",
            fix="./inv data.fake writes one and prints its path; give that with --truth.",
            code="data.bad_truth",
        ) from error
