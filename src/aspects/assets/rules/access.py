"""Data about learners can be cut down to the courses that a reader may see."""

from __future__ import annotations

from aspects.assets.findings import Edit
from aspects.assets.rules.registry import Context, rule

FAMILY = "access"
LEARNER_COLUMNS = frozenset({"actor_id", "username", "email", "name", "user_id", "external_user_id"})
COURSE_COLUMNS = ("org", "course_key")


@rule("A001", FAMILY, "a dataset about learners names organization and course")
def course_columns(context: Context) -> None:
    for item, dataset in context.assets.datasets():
        names = {column.column_name for column in dataset.columns}
        about = sorted(names & LEARNER_COLUMNS)
        missing = [name for name in COURSE_COLUMNS if name not in names]
        if about and missing:
            message = f"Dataset {dataset.table_name!r} shows {', '.join(about)} but has no {' and no '.join(missing)}."
            fix = "Add the columns, so that row-level security can limit an instructor to own courses."
            context.report("A001", item, ("columns",), message, fix)


@rule("A002", FAMILY, "a dataset names its schema")
def schemas(context: Context) -> None:
    for item, dataset in context.assets.datasets():
        if not dataset.table_schema:
            message = f"Dataset {dataset.table_name!r} has no schema, so a schema-wide security rule does not reach it."
            edit = Edit(("schema",), "reporting", "wrote schema: reporting")
            context.report("A002", item, ("schema",), message, "Write `schema: reporting`.", edit)


@rule("A003", FAMILY, "a dashboard says who may see it")
def roles(context: Context) -> None:
    for item, dashboard in context.assets.dashboards():
        if not dashboard.roles:
            message = f"Dashboard {dashboard.dashboard_title!r} names no roles, so that nobody but its owners sees it."
            context.report(
                "A003", item, ("_roles",), message, "Write `_roles: [Instructor, Operator]`, or one of them."
            )
