"""Stands in for edx-platform's module of this name: what courses are called."""

from collections.abc import Iterable

from event_router.courses import display_name


def get_course_overviews(course_ids: Iterable[object]) -> list[dict[str, str]]:
    """The courses with these keys, each with its display name."""
    return [{"id": str(key), "display_name": display_name(str(key))} for key in course_ids]
