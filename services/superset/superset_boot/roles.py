"""Who may do what: our roles, and the administrator."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from superset_boot.database import all_or_nothing, read_fact, write_fact

Permission = tuple[str, str]
"""The name of a permission and what it is on, as Superset writes them."""

# See a dashboard that one's role was given, with its charts and filters, and share a link to it. Data follows from
# the dashboard (DASHBOARD_RBAC): no permission here opens a dataset, a database or SQL Lab.
VIEW_DASHBOARDS: frozenset[Permission] = frozenset(
    {
        ("can_read", "Dashboard"),
        ("can_read", "Chart"),
        ("can_read", "Theme"),
        ("can_read", "CssTemplate"),
        ("can_read", "EmbeddedDashboard"),
        ("can_dashboard", "Superset"),
        ("can_dashboard_permalink", "Superset"),
        ("can_slice", "Superset"),
        ("can_time_range", "Api"),
        ("can_read", "DashboardFilterStateRestApi"),
        ("can_write", "DashboardFilterStateRestApi"),
        ("can_read", "DashboardPermalinkRestApi"),
        ("can_write", "DashboardPermalinkRestApi"),
        ("can_read", "CurrentUserRestApi"),
        ("can_list", "AsyncEventsRestApi"),  # where workers answer charts, the page asks whether they have
    }
)

# What a signed-in person needs beside: the menu, their own page, the token that protects forms.
SIGNED_IN: frozenset[Permission] = frozenset(
    {
        ("can_read", "CurrentUserRestApi"),
        ("can_write", "CurrentUserRestApi"),
        ("can_read", "SecurityRestApi"),
        ("can_userinfo", "UserDBModelView"),
        ("can_log", "Superset"),
        ("can_recent_activity", "Log"),
        ("menu_access", "Home"),
        ("menu_access", "Dashboards"),
    }
)

TAKE_DATA_AWAY: frozenset[Permission] = frozenset({("can_csv", "Superset"), ("can_export_image", "Superset")})

ROLES: dict[str, frozenset[Permission]] = {
    "Instructor": VIEW_DASHBOARDS | SIGNED_IN | TAKE_DATA_AWAY,
    "Student": frozenset(),
    # Holders of a guest token (an embedded dashboard); Superset refuses them every chart they were not given.
    "Embedded": VIEW_DASHBOARDS | TAKE_DATA_AWAY,
    # The account with which an LMS asks for guest tokens.
    "Embedder": frozenset({("can_grant_guest_token", "SecurityRestApi"), ("can_read", "SecurityRestApi")}),
}
"""Roles that are lists. Operator is a rule: see `sync_roles`."""

NAMES = ("Operator", *ROLES)
"""The roles that a dashboard may be given."""

LOCAL_ONLY = frozenset({"Admin", "Embedder"})
"""The roles of accounts that nobody gets into by a sign-in elsewhere, whatever name they have there."""

SEE_ALL = frozenset({"Admin", "Operator"})
"""The roles of people whom no security rule limits."""


@dataclass(frozen=True)
class Administrator:
    """The account that owns the imported assets."""

    user: str
    password: str


def wanted_permissions() -> str:
    """A digest that changes with what this module grants; the installed version is part of it."""
    from importlib.metadata import version

    listed = {name: sorted(permissions) for name, permissions in ROLES.items()}
    return hashlib.sha256(json.dumps([version("apache-superset"), NAMES, listed]).encode()).hexdigest()


def sync_roles() -> bool:
    """Create Superset's permissions and built-in roles, then ours. False when they were up to date.

    Operator: everything that Superset's Alpha may do (all data, all charts and dashboards) and SQL Lab; not the
    administration of users, roles and connections.
    """
    from superset import appbuilder, db, security_manager

    if read_fact(db.session.execute, "permissions") == wanted_permissions():
        return False
    with all_or_nothing(db.session) as session:
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        all_permissions = [
            permission
            for permission in session.query(security_manager.permissionview_model).all()
            if permission.permission and permission.view_menu
        ]
        for name in NAMES:
            role = security_manager.find_role(name) or security_manager.add_role(name)
            listed = ROLES.get(name)
            role.permissions = [
                permission
                for permission in all_permissions
                if (
                    (permission.permission.name, permission.view_menu.name) in listed
                    if listed is not None
                    else security_manager._is_alpha_pvm(permission) or security_manager._is_sql_lab_pvm(permission)
                )
            ]
        write_fact(session.execute, "permissions", wanted_permissions())
    return True


def sync_administrator(administrator: Administrator) -> str:
    """Make sure that the administrator exists and has this password. Returns what was done: created, changed, kept."""
    from superset import db, security_manager
    from werkzeug.security import check_password_hash, generate_password_hash

    found = security_manager.find_user(username=administrator.user)
    if found is not None:
        admin_role = security_manager.find_role("Admin")
        if found.active and admin_role in found.roles and check_password_hash(found.password, administrator.password):
            return "kept"
        with all_or_nothing(db.session):
            found.password = generate_password_hash(administrator.password)
            found.active = True
            if admin_role not in found.roles:
                found.roles.append(admin_role)
        return "changed"
    with all_or_nothing(db.session):
        created = security_manager.add_user(
            administrator.user,
            "Aspects",
            "Administrator",
            f"{administrator.user}@localhost",
            security_manager.find_role("Admin"),
            administrator.password,
        )
        if not created:
            raise RuntimeError(f"The user {administrator.user} could not be created.")
    return "created"
