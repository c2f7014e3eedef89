"""What a run of dbt will rebuild, why, how much that is, and what it would lose. Known before it begins."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.warehouse.manifest import Model, Project
from aspects.warehouse.query import query

NEW, CHANGED, UNFINISHED, UPSTREAM, ASKED = "new", "changed", "not completed", "upstream rebuilt", "asked for"


@dataclass(frozen=True)
class Deleted:
    """Rows that retention deleted from a table."""

    rows: int
    oldest: date
    newest: date


@dataclass(frozen=True)
class Warehouse:
    """What is there: rows and comment of each table by `database.table`, and the second at which anything of it
    but its rows was last changed; deletions; and rates of earlier builds.

    A rate is in rows a second; that of "" is of all models together.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    altered: Mapping[str, int] = field(default_factory=dict)
    deleted: Mapping[str, Sequence[Deleted]] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        """Whether nothing was stored or built here yet."""
        facts = [rows for table, rows in self.rows.items() if not table.startswith("reporting.")]
        return not any(facts) and not any(table.startswith("reporting.statements") for table in self.rows)


@dataclass(frozen=True)
class Loss:
    """Rows that a table knows of, and that would be missing from it: what it is made of has lost them.

    `rows` counts those of the table `of`; `oldest` and `newest` are days.
    """

    of: str
    rows: int
    oldest: date
    newest: date


@dataclass(frozen=True)
class Rebuild:
    """A table that will be built anew. `reads` are the tables it is made of, `rows` what is to be read of them.

    `seconds` is an estimate from earlier builds; None when there were none.
    """

    model: str
    reason: str
    reads: list[str]
    rows: int
    seconds: float | None
    losses: list[Loss] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """What a run will do: tables that it builds anew, and views that it replaces, which hold no rows.

    `models` names those, and the tables that are made of them, which follow the types of their columns.
    """

    rebuilds: list[Rebuild]
    views: list[str]
    models: list[str]

    @property
    def rows(self) -> int:
        return sum(each.rows for each in self.rebuilds)

    @property
    def seconds(self) -> float | None:
        known = [each.seconds for each in self.rebuilds if each.seconds is not None]
        return sum(known) if len(known) == len(self.rebuilds) else None

    def refuse_losses(self) -> None:
        """Raise AspectsError `dbt.loss` when a table would lose what only it still knows."""
        lossy = [each for each in self.rebuilds if each.losses]
        if lossy:
            raise AspectsError(
                f"The build would lose the past of {len(lossy)} tables.",
                why="\n".join(f"{one.model} ({one.reason}): {_words(loss)}" for one in lossy for loss in one.losses),
                fix="Restore those rows from a backup first, or build what is left: ./inv dbt.run --accept-loss.",
                code="dbt.loss",
            )


def make_plan(
    project: Project, there: Warehouse, selected: Collection[str], full_refresh: bool = False, login: str = ""
) -> Plan:
    """Find out what a build of the selected models (unique ids) will do to what is there.

    A view is replaced with what it reads, for it knows the types of its columns from then. `login` is what views that
    read by themselves do so with.
    """
    rebuilt: dict[str, Rebuild] = {}
    missing: dict[str, dict[str, list[Deleted]]] = {}
    views: list[str] = []
    models: dict[str, str] = {}
    for identity, model in project.models.items():
        if identity in selected and any(parent in models for parent in model.parents):
            models[identity] = model.name
        if not model.is_table:
            is_old = full_refresh or _is_old(project, model, there, login)
            if identity in models or (identity in selected and is_old):
                models[identity] = model.name
                views.append(model.name)
            continue
        parents = tables_behind(project, model)
        reason = _reason(model, there, [project.models[one] for one in parents if one in rebuilt], full_refresh)
        if reason and identity in selected:
            behind = {table: gone for one in parents for table, gone in _missing(project, there, missing, one).items()}
            missing[identity] = behind
            rebuilt[identity] = _rebuild(project, model, reason, parents, there, rebuilt, behind)
            models[identity] = model.name
        made_of = [project.table(one) for one in parents if one in project.models]
        if identity in selected and _is_behind(model, made_of, there):
            models[identity] = model.name
    return Plan(list(rebuilt.values()), views, list(models.values()))


def read_warehouse(settings: Settings) -> Warehouse:
    """What is there now. Raises AspectsError: those of `connect`, and `warehouse.query`."""

    def rows_of(statement: str) -> list[Sequence[object]]:
        return query(settings, statement, user="dbt").rows

    tables = rows_of(
        "select concat(database, '.', name), coalesce(total_rows, 0), comment,"
        " toUnixTimestamp(metadata_modification_time) from system.tables"
        " where database in ('xapi', 'event_sink', 'reporting')"
    )
    deleted: dict[str, list[Deleted]] = {}
    for table, rows, oldest, newest in rows_of("select table_name, rows, oldest, newest from reporting.deletions"):
        deleted.setdefault(str(table), []).append(Deleted(int(str(rows)), _day(oldest), _day(newest)))
    # A build of few rows says nothing about the time of a large one.
    rates = rows_of(
        "select model, sum(rows) / sum(seconds) from (select model, rows, seconds from reporting.builds"
        " where rows >= 10000 and seconds > 0 order by built_at desc limit 3 by model)"
        " group by grouping sets ((model), ()) having count() > 0"
    )
    return Warehouse(
        rows={str(row[0]): int(str(row[1])) for row in tables},
        comments={str(row[0]): str(row[2]) for row in tables},
        altered={str(row[0]): int(str(row[3])) for row in tables},
        deleted=deleted,
        rates={str(row[0]): float(str(row[1])) for row in rates},
    )


def _is_old(project: Project, model: Model, there: Warehouse, login: str) -> bool:
    """Whether a view is not what its file says, or something that it reads was altered since."""
    reads = [project.table(one) for one in model.parents]
    return there.comments.get(model.table) != model.fingerprint(login) or _is_behind(model, reads, there)


def _is_behind(model: Model, reads: Sequence[str], there: Warehouse) -> bool:
    """Whether one of these tables or views was altered after the model was made: by a build of it alone, or by one
    that was cut off."""
    made = there.altered.get(model.table, 0)
    return any(there.altered.get(table, 0) > made for table in reads)


def _reason(model: Model, there: Warehouse, rebuilt_parents: Collection[Model], full_refresh: bool) -> str:
    """Why a table is built anew; empty when it is left as it is."""
    if model.table not in there.rows:
        return NEW
    if full_refresh:
        return ASKED
    if model.materialized == "rollup" and any(parent.materialized == "rollup" for parent in rebuilt_parents):
        return UPSTREAM
    comment = there.comments.get(f"{model.table}_trigger" if model.materialized == "rollup" else model.table, "")
    if not comment:
        return UNFINISHED
    return "" if comment.split(" ")[0] == model.fingerprint() else CHANGED


def _rebuild(
    project: Project,
    model: Model,
    reason: str,
    parents: Sequence[str],
    there: Warehouse,
    rebuilt: Mapping[str, Rebuild],
    behind: Mapping[str, list[Deleted]],
) -> Rebuild:
    tables = [] if model.materialized == "kept" else [project.table(one) for one in parents]
    rows = sum(
        max(there.rows.get(project.table(one), 0), rebuilt[one].rows if one in rebuilt else 0)
        for one in parents
        if model.materialized != "kept"
    )
    rate = there.rates.get(model.name) or there.rates.get("")
    return Rebuild(model.name, reason, tables, rows, rows / rate if rate else None, _losses(model, there, behind))


def _losses(model: Model, there: Warehouse, behind: Mapping[str, list[Deleted]]) -> list[Loss]:
    """What would be missing from a table; it has no more to lose than it has itself."""
    if model.table not in there.rows or model.materialized == "kept":
        return []
    own = max((one.newest for one in there.deleted.get(model.table, ())), default=date.min)
    losses = []
    for table, gone in behind.items():
        late = [one for one in gone if one.newest > own]
        if late:
            oldest, newest = min(one.oldest for one in late), max(one.newest for one in late)
            losses.append(Loss(table, sum(one.rows for one in late), oldest, newest))
    return losses


def _missing(
    project: Project, there: Warehouse, rebuilt: Mapping[str, dict[str, list[Deleted]]], identity: str
) -> dict[str, list[Deleted]]:
    """What a table has lost, or will have when it is rebuilt, by the table that has lost it."""
    if identity in rebuilt:
        return rebuilt[identity]
    table = project.table(identity)
    gone = there.deleted.get(table) or there.deleted.get(table.removesuffix("_local"))
    return {table: list(gone)} if gone else {}


def tables_behind(project: Project, model: Model) -> list[str]:
    """The tables that a model is made of, through views."""
    found: dict[str, None] = {}
    for parent in model.parents:
        view = project.models.get(parent)
        for one in tables_behind(project, view) if view and not view.is_table else [parent]:
            found[one] = None
    return list(found)


def _words(loss: Loss) -> str:
    return f"{loss.rows:,} rows of {loss.oldest} to {loss.newest} were deleted from {loss.of}, which it is made of"


def _day(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))
