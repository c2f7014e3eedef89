"""Import a bundle into Superset: all of it or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import current_app

from superset_boot.bundle import Bundle, BundleError, read_bundle
from superset_boot.database import all_or_nothing, read_fact, write_fact
from superset_boot.logs import hushed
from superset_boot.plan import Change, changes, retire, state_of
from superset_boot.roles import NAMES


@dataclass(frozen=True)
class ImportResult:
    """`imported`: assets written. `unchanged`: this very bundle was imported last, so nothing was written. With errors
    nothing was written either. `changes`: what was done to each asset, or would be."""

    imported: int
    unchanged: bool
    errors: list[BundleError] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """As `--import-only` prints it."""
        return asdict(self)


class _NotMeantError(Exception):
    """Ends a dry run, so that its transaction is rolled back."""


def import_bundle(folder: Path, owner: str, force: bool = False, dry_run: bool = False) -> ImportResult:
    """Import the bundle in the folder in the name of the user `owner`. Needs an app context.

    Upserts by uuid: ids, favourites and links to an asset survive. A bundle that was imported last is skipped by the
    digest of its files, unless `force` is true. The outcome is kept for `/aspects/health`. A dry run does all of it
    and takes it back.
    """
    from superset import cache_manager, db

    bundle = read_bundle(folder, NAMES)
    last = read_fact(db.session.execute, "last_import") or {}
    if not force and not bundle.errors and last.get("digest") == bundle.digest:
        _record_errors(last, [])
        if not dry_run:
            with all_or_nothing(db.session) as session:
                _protect(bundle, session)
        return ImportResult(imported=0, unchanged=True, changes=_held(bundle))
    errors = bundle.errors
    done: list[Change] = []
    if not errors:
        try:
            _write(bundle, owner, done, dry_run)
        except _NotMeantError:
            return ImportResult(imported=0, unchanged=False, changes=done)
        except Exception as error:
            db.session.rollback()
            errors = _errors_behind(error)
    if errors:
        if not dry_run:
            _record_errors(last, errors)
        return ImportResult(imported=0, unchanged=False, errors=errors)
    cache_manager.cache.clear()
    return ImportResult(imported=bundle.assets, unchanged=False, changes=done)


def _held(bundle: Bundle) -> list[Change]:
    from superset import db

    held = state_of(db.session, bundle.identities)
    return changes(held, held)


def without_passwords(text: str) -> str:
    """A connection's URL may stand in a message of the database's driver."""
    return re.sub(r"(://[^:/@\s]*):[^@\s]*@", r"\1:***@", text)


def _errors_behind(error: BaseException) -> list[BundleError]:
    """The cause that Superset's importer hides behind a general message: what its schemas found, a message a key, or
    else the innermost exception."""
    from superset.commands.exceptions import CommandInvalidError

    while error.__cause__ is not None and not isinstance(error, CommandInvalidError):
        error = error.__cause__
    if isinstance(error, CommandInvalidError):
        return [
            BundleError(file, without_passwords(f"{key}: {messages}" if key else messages))
            for file, found in error.normalized_messages().items()
            for key, messages in _by_key(found)
        ]
    return [BundleError("", without_passwords(" ".join(f"{type(error).__name__}: {error}".split())))]


def _by_key(found: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(found, dict):
        yield "", _joined(found)
        return
    for key, messages in found.items():
        yield str(key), _joined(messages)


def _joined(messages: Any) -> str:
    return " ".join(map(str, messages)) if isinstance(messages, list) else str(messages)


def _write(bundle: Bundle, owner: str, done: list[Change], dry_run: bool) -> None:
    from superset import db, security_manager
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.utils.core import override_user

    user = security_manager.find_user(username=owner)
    if user is None:
        raise LookupError(f"The user {owner} does not exist.")
    with all_or_nothing(db.session) as session, override_user(user), warehouse_left_alone(), hushed():
        before = state_of(session, bundle.identities)
        ImportAssetsCommand(dict(bundle.contents)).run()
        _link(bundle, session)
        _protect(bundle, session)
        session.flush()
        session.expire_all()
        done += [*changes(before, state_of(session, bundle.identities)), *retire(session, bundle.retired)]
        write_fact(
            session.execute,
            "last_import",
            {"digest": bundle.digest, "imported": bundle.assets, "at": _now(), "errors": []},
        )
        if dry_run:
            raise _NotMeantError


def _link(bundle: Bundle, session: Any) -> None:
    """Give each dashboard its roles, and make sure that it shows exactly the charts of its layout: the importer stops
    linking at the first one that it does not know."""
    from superset import security_manager
    from superset.models.dashboard import Dashboard

    session.flush()
    session.expire_all()
    dashboards = {str(dashboard.uuid): dashboard for dashboard in session.query(Dashboard).all()}
    for uuid, charts in bundle.charts.items():
        linked = {str(chart.uuid) for chart in dashboards[uuid].slices}
        if linked != charts:
            raise LookupError(f"{dashboards[uuid].dashboard_title}: charts were not linked: {sorted(charts ^ linked)}.")
    for uuid, names in bundle.roles.items():
        dashboards[uuid].roles = [security_manager.find_role(name) for name in names]


def _protect(bundle: Bundle, session: Any) -> None:
    """Bring the rules on rows, and which dashboards other sites may embed, to what the files say. Done with every
    import, even of a bundle that has not changed. Rules that administrators made in Superset are left alone."""
    from superset import security_manager
    from superset.connectors.sqla.models import RowLevelSecurityFilter, SqlaTable
    from superset.models.dashboard import Dashboard
    from superset.models.embedded_dashboard import EmbeddedDashboard

    datasets = {str(dataset.uuid): dataset for dataset in session.query(SqlaTable).all()}
    ours = read_fact(session.execute, "security_rules") or []
    present = {rule.name: rule for rule in session.query(RowLevelSecurityFilter).all()}
    for name in set(ours) - set(bundle.security):
        if name in present:
            session.delete(present[name])
    for name, wanted in bundle.security.items():
        rule = present.get(name) or RowLevelSecurityFilter(name=name)
        rule.filter_type = "Base"  # for everybody but the roles that it lists
        rule.clause, rule.description = wanted.clause, wanted.description
        rule.roles = [security_manager.find_role(role) for role in ("Admin", *wanted.exempt)]
        rule.tables = [datasets[uuid] for uuid in sorted(wanted.datasets)]
        session.add(rule)
    write_fact(session.execute, "security_rules", sorted(bundle.security))

    origins = current_app.config["EMBED_ORIGINS"]
    for dashboard in session.query(Dashboard).filter(Dashboard.uuid.in_(map(UUID, bundle.charts))).all():
        # An embedded dashboard without a list of origins would be open to every site.
        uuids = (
            [UUID(bundle.embedded[str(dashboard.uuid)])] if origins and str(dashboard.uuid) in bundle.embedded else []
        )
        if [each.uuid for each in dashboard.embedded] != uuids:
            dashboard.embedded = [EmbeddedDashboard(uuid=uuid) for uuid in uuids]
        for each in dashboard.embedded:
            each.allow_domain_list = ",".join(origins)


@contextmanager
def warehouse_left_alone() -> Iterator[None]:
    """The importer asks the warehouse for every schema and, a dataset at a time, for every table, and then makes no
    use of the answers here: nobody is given access by schema, and no dataset brings data along. Without these calls
    the import is quick, and works while the warehouse is down."""
    from superset.commands.database.importers.v1 import utils
    from superset.models.core import Database

    asked = utils.add_permissions, Database.has_table
    utils.add_permissions = lambda database: None
    Database.has_table = lambda self, table: True
    try:
        yield
    finally:
        utils.add_permissions, Database.has_table = asked


def _record_errors(last: dict[str, Any], errors: list[BundleError]) -> None:
    """Keep what went wrong; the digest and the count stay those of the assets in force."""
    from superset import db

    if errors or last.get("errors"):
        with all_or_nothing(db.session) as session:
            write_fact(session.execute, "last_import", last | {"errors": [asdict(error) for error in errors]})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
