"""Rows of the LMS's tables out of CSV and JSON lines, as the models that the sinks read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models

from course_sink.errors import SourceError
from course_sink.models import CourseEnrollment, ExternalId, ExternalIdType, ObjectTag, Tag, Taxonomy, UserProfile

REQUIRED: dict[str, tuple[str, ...]] = {
    "course_enrollment": ("id", "course_key", "created", "is_active", "mode", "username", "user_id"),
    "user_profile": ("id", "user_id", "name", "username", "email"),
    "external_id": ("external_user_id", "external_id_type", "username", "user_id"),
    "taxonomy": ("id", "name"),
    "tag": ("id", "taxonomy", "value"),
    "object_tag": ("id", "object_id", "taxonomy", "tag", "_value"),
}
MODELS: dict[str, type[models.Model]] = {
    "course_enrollment": CourseEnrollment,
    "user_profile": UserProfile,
    "external_id": ExternalId,
    "taxonomy": Taxonomy,
    "tag": Tag,
    "object_tag": ObjectTag,
}
RENAMED = {"course_key": "course_id", "taxonomy": "taxonomy_id", "tag": "tag_id", "parent": "parent_id"}


@dataclass(frozen=True)
class Refusal:
    """A row that cannot be used."""

    line: int
    why: str


@dataclass(frozen=True)
class Item:
    """A row as a model, and when the LMS made it, where it says so."""

    model: models.Model
    since: datetime | None


def read_rows(file: Path, kind: str) -> Iterator[Item | Refusal]:
    """The rows of a file, each as a model or as the reason why not. Raises SourceError for the file as a whole."""
    rows = _json_lines(file) if file.suffix in (".jsonl", ".ndjson", ".json") else _csv(file, kind)
    for line, row in rows:
        if isinstance(row, str):
            yield Refusal(line, row)
            continue
        try:
            yield _item(kind, row)
        except (ValidationError, ValueError, TypeError) as error:
            why = "; ".join(error.messages) if isinstance(error, ValidationError) else str(error)
            yield Refusal(line, why)


def _csv(file: Path, kind: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    try:
        reader = csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline=""), strict=True)
        header = next(reader, [])
        if missing := set(REQUIRED[kind]) - set(header):
            raise SourceError(
                f"the columns {', '.join(sorted(missing))} are missing; {kind} needs {', '.join(REQUIRED[kind])}"
            )
        if unknown := set(header) - _known(kind):
            raise SourceError(f"{kind} has no column {', '.join(sorted(unknown))}")
        for values in reader:
            if len(values) != len(header):
                yield reader.line_num, f"has {len(values)} values for {len(header)} columns"
            else:
                yield reader.line_num, dict(zip(header, values, strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise SourceError(f"it is no CSV in UTF-8: {error}") from error


def _json_lines(file: Path) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield number, f"is no JSON: {error}"
                continue
            yield number, row if isinstance(row, dict) else "is no object"


def _known(kind: str) -> set[str]:
    names = {field.attname for field in MODELS[kind]._meta.concrete_fields}
    names |= {old for old, new in RENAMED.items() if new in names} | {"id"}
    return names | set(REQUIRED[kind]) | {"dump_id", "time_last_dumped"}


def _item(kind: str, row: Mapping[str, Any]) -> Item:
    if missing := [name for name in REQUIRED[kind] if row.get(name) in (None, "") and name not in _MAY_BE_EMPTY]:
        raise ValueError(f"{', '.join(missing)} is empty or missing")
    if unknown := set(row) - _known(kind):
        raise ValueError(f"{kind} has no {', '.join(sorted(unknown))}")
    model_class = MODELS[kind]
    fields = {field.attname: field for field in model_class._meta.concrete_fields}
    values: dict[str, Any] = {}
    for name, value in row.items():
        attribute = RENAMED.get(name, name)
        if attribute in fields and name != "external_id_type":
            values[attribute] = _value(fields[attribute], value, name)
    if "user_id" in fields:
        user = User(
            id=values.get("user_id"), username=str(row.get("username") or ""), email=str(row.get("email") or "")
        )
        values["user"] = user
        del values["user_id"]
    if kind == "external_id":
        values["external_id_type"] = ExternalIdType(id=1, name=str(row["external_id_type"]))
        values["id"] = None
    return Item(model_class(**values), values.get("created"))


_MAY_BE_EMPTY = {"name", "email", "username", "taxonomy", "tag", "_value"}


def _value(field: Any, value: Any, name: str) -> Any:
    target = field.target_field if field.is_relation else field
    if value in (None, "") and (field.null or not isinstance(target, models.TextField)):
        if not field.null:
            raise ValueError(f"{name} is empty")
        return None
    try:
        found = target.to_python(value)
    except ValidationError as error:
        raise ValueError(f"{name}: {'; '.join(error.messages)}") from error
    if isinstance(target, models.AutoField | models.IntegerField) and not 0 <= found < 2**63:
        raise ValueError(f"{name}: {found} is out of range")
    if isinstance(found, datetime) and found.tzinfo is None:
        raise ValueError(f"{name}: {value} has no time zone")
    return found
