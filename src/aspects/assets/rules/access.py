"""Data about learners can be cut down to the courses that a reader may see."""

from __future__ import annotations

from aspects.assets.findings import Edit
from aspects.assets.models import SecurityRule
from aspects.assets.rules.registry import Context, rule

FAMILY = "access"
LEARNER_COLUMNS = frozenset({"actor_id", "username", "email", "name", "user_id", "external_user_id"})
COURSE_COLUMNS = ("org", "course_key")
BY_COURSE = "can_view_courses("
NOBODY = "1 = 0"


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


@rule("A004", FAMILY, "a dataset has a security rule, and one about learners a rule that limits it to courses")
def security_rules(context: Context) -> None:
    rules = {item.stem: item.model for item in context.assets.of("security") if isinstance(item.model, SecurityRule)}
    known = ", ".join(sorted(rules)) or "none: there are no files in security/"
    for item, dataset in context.assets.datasets():
        names = {column.column_name for column in dataset.columns}
        rule = rules.get(dataset.security or "")
        fix = "Write `_security: own-courses`; `operators-only` when it is about the whole instance."
        if rule is None:
            says = f"names {dataset.security!r}, which is no rule" if dataset.security else "names no security rule"
            message = f"Dataset {dataset.table_name!r} {says}, so that only operators see its rows (rules: {known})."
            context.report("A004", item, ("_security",), message, fix)
        elif BY_COURSE not in rule.clause and rule.clause.strip() != NOBODY and names & LEARNER_COLUMNS:
            message = f"Dataset {dataset.table_name!r} is about learners, and its rule does not limit it to courses."
            context.report("A004", item, ("_security",), message, fix)
        elif BY_COURSE in rule.clause and (missing := [name for name in COURSE_COLUMNS if name not in names]):
            message = (
                f"Dataset {dataset.table_name!r} has no {' and no '.join(missing)}, which its security rule needs."
            )
            context.report("A004", item, ("columns",), message, "Add the columns.")
