"""Dumps through the sinks of platform-plugin-aspects: only what has changed, and all of it or an error."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import models
from platform_plugin_aspects.sinks import (
    CourseEnrollmentSink,
    CourseOverviewSink,
    ExternalIdSink,
    ObjectTagSink,
    TagSink,
    TaxonomySink,
    UserProfileSink,
)
from platform_plugin_aspects.sinks.base_sink import BaseSink, ModelBaseSink
from platform_plugin_aspects.sinks.course_overview_sink import XBlockSink

from course_sink.archive import unpacked
from course_sink.errors import SourceError
from course_sink.files import Refusal, read_rows
from course_sink.models import CourseOverview, ObjectTag, Tag, Taxonomy
from course_sink.modulestore import modulestore, object_tag_id, tag_id, taxonomy_id
from course_sink.olx import Course, read_course
from course_sink.stored import as_text, stored_blocks, stored_rows

BATCH = 5_000
# The plugin lets ClickHouse skip rows that it cannot read; a row that is gone without a word is a wrong number.
BaseSink.CLICKHOUSE_BULK_INSERT_PARAMS = {"input_format_allow_errors_num": 0, "input_format_allow_errors_ratio": 0}
SINKS: dict[str, type[ModelBaseSink]] = {
    "course_enrollment": CourseEnrollmentSink,
    "user_profile": UserProfileSink,
    "external_id": ExternalIdSink,
    "taxonomy": TaxonomySink,
    "tag": TagSink,
    "object_tag": ObjectTagSink,
}
KEYS = {"external_id": "external_user_id"}
OF_THE_EXPORT = ("created", "modified")
"""When the export was made says nothing of the course."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """What to dump: `since` leaves out what is older, `force` dumps what has not changed too, `limit` is the number
    of courses or rows that are written at most (0: all), `dry_run` writes nothing."""

    since: datetime | None = None
    force: bool = False
    limit: int = 0
    dry_run: bool = False


@dataclass
class Report:
    """What was done with courses (or rows). `refused` names each that could not be used, with its file and line."""

    read: int = 0
    written: int = 0
    unchanged: int = 0
    older: int = 0
    left_by_limit: int = 0
    blocks: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)


class LostRowsError(Exception):
    """ClickHouse has not what it was sent."""


def dump_courses(sources: Iterable[Path], wanted: Wanted) -> Iterator[Report]:
    """Dump each course of an export; yields the report so far after each."""
    report = Report()
    for source in sources:
        report.read += 1
        try:
            with unpacked(source) as folder:
                course = read_course(folder)
        except SourceError as error:
            report.refused.append({"file": str(source), "line": 0, "why": str(error)})
            yield report
            continue
        _dump_course(course, wanted, report)
        yield report


def _dump_course(course: Course, wanted: Wanted, report: Report) -> None:
    modulestore().add(course)
    overview = CourseOverview(id=str(course.key), org=course.key.org, **course.facts)
    if wanted.since and overview.modified < wanted.since:
        report.older += 1
        return
    _dump_tags(course, wanted)
    if not wanted.force and _same_course(overview):
        report.unchanged += 1
    elif wanted.limit and report.written >= wanted.limit:
        report.left_by_limit += 1
    else:
        report.written += 1
        report.blocks += sum(1 for _ in course.blocks)
        if not wanted.dry_run:
            CourseOverviewSink({}, log).dump([overview], many=True)
            if not _same_course(overview):
                raise LostRowsError(f"{overview.id} is not in ClickHouse as it was sent")


def _same_course(overview: CourseOverview) -> bool:
    """Whether the newest dump of the course has this overview and these blocks."""
    told = dict(CourseOverviewSink({}, log).serialize_item(overview))
    blocks = XBlockSink({}, log).serialize_item(told, many=True, initial=dict.fromkeys(("dump_id", "time_last_dumped")))
    asked = as_text(told, OF_THE_EXPORT)
    stored = stored_rows("course_overviews", "course_key", [overview.id], list(asked))
    if stored.get(str(overview.id)) != asked:
        return False
    rows = [as_text(block) for block in blocks]
    return rows == stored_blocks(str(overview.id), list(rows[0]))


def _dump_tags(course: Course, wanted: Wanted) -> None:
    """The taxonomies, tags and tagged objects of an export, which has their names and no ids."""
    if wanted.dry_run or not course.tags:
        return
    taxonomies = {taxonomy_id(each): Taxonomy(id=taxonomy_id(each), name=each.taxonomy) for each in course.tags}
    tags = {
        tag_id(each): Tag(
            id=tag_id(each), taxonomy_id=taxonomy_id(each), value=each.value, lineage=_lineage(each.value)
        )
        for each in course.tags
    }
    objects = {
        object_tag_id(each): ObjectTag(
            id=object_tag_id(each),
            object_id=each.object_id,
            taxonomy_id=taxonomy_id(each),
            tag_id=tag_id(each),
            _value=each.value,
            _export_id=each.taxonomy,
            lineage=_lineage(each.value),
        )
        for each in course.tags
    }
    for kind, found in (("taxonomy", taxonomies), ("tag", tags), ("object_tag", objects)):
        _dump_rows(kind, list(found.values()), wanted, Report())


def _lineage(value: str) -> str:
    return json.dumps([value])


def dump_files(kind: str, files: Iterable[Path], wanted: Wanted) -> Iterator[Report]:
    """Dump the rows of files, a batch at a time; yields the report so far after each."""
    report = Report()
    for file in files:
        waiting: list[models.Model] = []
        try:
            for item in read_rows(file, kind):
                report.read += 1
                if isinstance(item, Refusal):
                    report.refused.append({"file": str(file), "line": item.line, "why": item.why})
                elif wanted.since and item.since and item.since < wanted.since:
                    report.older += 1
                else:
                    waiting.append(item.model)
                if len(waiting) >= BATCH:
                    _dump_rows(kind, waiting, wanted, report)
                    waiting = []
                    yield report
        except (SourceError, OSError) as error:
            report.refused.append({"file": str(file), "line": 0, "why": str(error)})
        if waiting:
            _dump_rows(kind, waiting, wanted, report)
        yield report


def _dump_rows(kind: str, found: list[models.Model], wanted: Wanted, report: Report) -> None:
    sink = SINKS[kind]({}, log)
    key = KEYS.get(kind, "id")
    told = [as_text(row) for row in sink.serialize_item(found, many=True)]
    stored = stored_rows(sink.clickhouse_table_name, key, (row[key] for row in told), list(told[0]))
    changed = [
        (model, row)
        for model, row in zip(found, told, strict=True)
        if wanted.force or not _same(stored.get(row[key]), row)
    ]
    report.unchanged += len(found) - len(changed)
    if wanted.limit:
        room = max(0, wanted.limit - report.written)
        report.left_by_limit += len(changed[room:])
        changed = changed[:room]
    report.written += len(changed)
    if not changed or wanted.dry_run:
        return
    sink.dump([model for model, _ in changed], many=True)
    after = stored_rows(sink.clickhouse_table_name, key, (row[key] for _, row in changed), list(told[0]))
    lost = [row[key] for _, row in changed if not _same(after.get(row[key]), row)]
    if lost:
        raise LostRowsError(
            f"{len(lost)} rows of {kind} are not in ClickHouse as they were sent, the first is {lost[0]}"
        )


def _same(stored: dict[str, Any] | None, told: dict[str, Any]) -> bool:
    return stored is not None and all(_plain(stored[name]) == _plain(value) for name, value in told.items())


def _plain(value: str) -> str:
    """Truths and numbers as ClickHouse keeps them: a column of numbers has 0 for nothing."""
    return {"1": "true", "0": "false", "": "false"}.get(value, value)
