"""The modulestore and the tags that the sinks ask for: those of the courses that are being dumped."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from zlib import crc32

from opaque_keys.edx.keys import CourseKey

from course_sink.olx import Block, Course, Tagged


class Modulestore:
    """Courses by their keys."""

    def __init__(self) -> None:
        self._courses: dict[str, Course] = {}
        self._tags: dict[str, list[Tagged]] = {}

    def add(self, course: Course) -> None:
        self._courses[str(course.key)] = course
        for tagged in course.tags:
            self._tags.setdefault(tagged.object_id, []).append(tagged)

    def get_course(self, course_key: CourseKey, **_: Any) -> Block:
        """The course's own block, with all others below it."""
        return self._courses[str(course_key)].outline

    def get_items(self, course_key: CourseKey, **_: Any) -> Iterator[Block]:
        """Every block, those outside the outline too."""
        return self._courses[str(course_key)].blocks

    def tags_of(self, object_id: str) -> list[Tagged]:
        return self._tags.get(object_id, [])


_modulestore = Modulestore()


def modulestore() -> Modulestore:
    """The one modulestore of this process."""
    return _modulestore


def get_object_tags(object_id: str) -> list[Any]:
    """The tags of a course or a block as the LMS's tagging has them."""
    return [
        SimpleNamespace(tag=SimpleNamespace(id=tag_id(tagged), parent=None))
        for tagged in _modulestore.tags_of(object_id)
    ]


def taxonomy_id(tagged: Tagged) -> int:
    """An export has no ids of taxonomies: the same name has the same one everywhere."""
    return crc32(tagged.taxonomy.encode())


def tag_id(tagged: Tagged) -> int:
    return crc32(f"{tagged.taxonomy}\n{tagged.value}".encode())


def object_tag_id(tagged: Tagged) -> int:
    return crc32(f"{tagged.object_id}\n{tagged.taxonomy}\n{tagged.value}".encode())
