"""Users and grants as SQL, for servers that keep users in their database."""

from __future__ import annotations

from pathlib import Path

import pytest

from aspects.settings import ROOT, Settings
from aspects.stack.secrets import load_secrets
from aspects.warehouse.access import access_statements, without_passwords
from aspects.warehouse.client import error_code, first_line


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(root=ROOT, state=tmp_path)


def test_each_user_but_the_admin_is_made_with_its_password_and_exactly_its_grants(settings: Settings) -> None:
    statements = access_statements(settings)
    password = load_secrets(settings)["CLICKHOUSE_LRS_PASSWORD"]
    assert f"create user if not exists lrs identified with sha256_password by '{password}'" in statements
    grants = {statement.split(" to ")[1].split()[0]: statement for statement in statements if "grant" in statement}
    assert set(grants) == {"lrs", "sink", "dbt", "report", "usage", "retention", "privacy"}
    assert "INSERT on xapi.*" in grants["lrs"]
    assert "INSERT" not in grants["report"]
    assert all(statement.endswith("with replace option") for statement in grants.values())


def test_report_may_not_write_whatever_is_granted(settings: Settings) -> None:
    (alter,) = [statement for statement in access_statements(settings) if statement.startswith("alter user report")]
    assert "readonly = 2" in alter


def test_users_of_the_servers_configuration_are_left_alone(settings: Settings) -> None:
    assert access_statements(settings, kept=["lrs", "sink", "dbt", "report", "usage", "retention", "privacy"]) == []


def test_a_password_with_quotes_is_quoted_and_never_shown(settings: Settings) -> None:
    (settings.state / "secrets.env").write_text("CLICKHOUSE_LRS_PASSWORD=it's\\secret\n")
    (create,) = [each for each in access_statements(settings) if each.startswith("create user if not exists lrs")]
    assert r"by 'it\'s\\secret'" in create
    assert "secret" not in without_passwords(create)


def test_what_the_server_says_is_kept_and_the_frame_around_it_dropped() -> None:
    error = Exception(
        "Received ClickHouse exception, code: 60, server response: Code: 60. DB::Exception: Unknown table"
        " expression identifier 'x'. (UNKNOWN_TABLE) (version 26.9.2.1 (official build)) (for url http://h:1)\nstack"
    )
    assert first_line(error) == "Unknown table expression identifier 'x'. (UNKNOWN_TABLE)"
    assert error_code(error) == 60
