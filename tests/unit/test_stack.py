"""The stack's parts that need no running service."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from aspects import settings as settings_module
from aspects.console import Console
from aspects.errors import AspectsError
from aspects.settings import ROOT, Settings
from aspects.stack import environments, lifecycle, preflight
from aspects.stack.secrets import load_secrets, secrets_file
from aspects.stack.services import Service, read_service, read_services, select, to_install, wanted_services
from aspects.stack.supervisor import LONGEST_SOCKET_PATH, log_file, socket_path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state=tmp_path)


def a_service(folder: Path, **facts: object) -> Service:
    return Service.model_validate({"folder": folder, "name": "ralph", "title": "Ralph", "port": 8100, **facts})


def test_the_services_of_this_repository_can_all_be_launched(settings: Settings) -> None:
    secrets = load_secrets(settings)
    for service in wanted_services(settings.model_copy(update={"tracking_logs": "a.log"})):
        launch = service.launch(settings, secrets, {"PATH": "/bin"}) if service.runs else None
        assert launch is None or Path(launch.command[0]).is_absolute()


def test_a_service_comes_after_those_it_needs() -> None:
    names = [service.name for service in read_services(ROOT)]
    assert names.index("clickhouse") < names.index("ralph")


def test_a_service_sees_its_own_secrets_only(settings: Settings) -> None:
    ralph = select(read_services(ROOT), "ralph")
    launch = ralph.launch(settings, load_secrets(settings), {"PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "x"})
    assert "AWS_SECRET_ACCESS_KEY" not in launch.environment
    assert "CLICKHOUSE_ADMIN_PASSWORD" not in launch.environment
    assert load_secrets(settings)["CLICKHOUSE_LRS_PASSWORD"] in launch.environment.values()


def test_ralph_gets_the_hash_of_its_password(settings: Settings) -> None:
    secrets = load_secrets(settings) | {"RALPH_PASSWORD": 'with "quotes" & \\'}
    launch = select(read_services(ROOT), "ralph").launch(settings, secrets, {})
    (text,) = launch.files.values()
    assert "$2b$" in text
    assert secrets["RALPH_PASSWORD"] not in text


def test_a_program_on_path_takes_the_embedded_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "clickhouse"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    service = a_service(
        tmp_path, command=["python"], binary={"name": "clickhouse", "command": ["clickhouse", "server"]}
    )
    settings = Settings(state=tmp_path)
    assert service.uses_binary(settings) == ""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert service.launch(settings, {}, {}).command == [str(program), "server"]


def test_a_real_server_is_configured_with_our_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "clickhouse"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    settings = Settings(state=tmp_path)
    launch = select(read_services(ROOT), "clickhouse").launch(settings, load_secrets(settings), {})
    assert launch.command == [
        str(program),
        "server",
        f"--config-file={tmp_path}/clickhouse/configuration/config.xml",
    ]
    assert launch.prepare[1:3] == ["-m", "embedded_clickhouse.render"]
    assert launch.environment["CLICKHOUSE_REPORT_PASSWORD"]
    off = Settings(state=tmp_path, clickhouse_binary="")
    embedded = select(read_services(ROOT), "clickhouse").launch(off, load_secrets(off), {})
    assert embedded.command[1:3] == ["-m", "embedded_clickhouse"]


@pytest.mark.parametrize(
    ("text", "says"), [("name: x\n", "title"), ("[", "cannot be read"), ("name: a\ntitle: b\ncolour: red", "colour")]
)
def test_a_wrong_service_file_is_named(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "service.yaml"
    file.write_text(text)
    with pytest.raises(AspectsError) as caught:
        read_service(file)
    assert says in caught.value.message + caught.value.why


def test_an_unknown_name_in_a_template_is_an_error(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(AspectsError, match="cannot be rendered"):
        a_service(tmp_path, command=["{{ nonsense }}"]).launch(settings, {}, {})


def test_secrets_are_made_once_and_for_the_owner_only(settings: Settings) -> None:
    first = load_secrets(settings)
    assert load_secrets(settings) == first
    assert stat.S_IMODE(secrets_file(settings).stat().st_mode) == 0o600


def test_an_own_password_is_kept_to_the_letter(settings: Settings) -> None:
    secrets_file(settings).write_text("RALPH_PASSWORD='a $weird #one'\n")
    assert load_secrets(settings)["RALPH_PASSWORD"] == "a $weird #one"
    assert load_secrets(settings)["RALPH_PASSWORD"] == "a $weird #one"


def test_later_commands_follow_the_running_stack(tmp_path: Path) -> None:
    settings_module.record(Settings(state=tmp_path, ralph_port=9123))
    assert settings_module.load(state=tmp_path).ralph_port == 9123
    assert settings_module.load(state=tmp_path, ralph_port=9124).ralph_port == 9124
    settings_module.forget(tmp_path)
    assert settings_module.load(state=tmp_path).ralph_port == 8100


def test_a_busy_port_names_the_program_and_the_setting(settings: Settings, tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        check = preflight.check_port(a_service(tmp_path), Settings(state=tmp_path, ralph_port=port), set())
    assert not check.ok
    assert "pid" in check.found
    assert f"ASPECTS_RALPH_PORT={port + 1}" in check.fix


def test_too_little_space_says_how_much_is_needed(tmp_path: Path) -> None:
    check = preflight.check_space(tmp_path / "not" / "there" / "yet", 10**9)
    assert not check.ok
    assert "1,000,000,000 MB are needed" in check.found


def test_an_old_python_or_machine_is_refused() -> None:
    assert not preflight.check_python((3, 10, 4)).ok
    assert not preflight.check_machine("Windows", "AMD64").ok
    assert preflight.check_machine("Darwin", "arm64").ok


def test_a_socket_fits_the_kernels_limit(tmp_path: Path) -> None:
    deep = Settings(state=tmp_path / ("x" * 120))
    assert len(str(socket_path(deep))) <= LONGEST_SOCKET_PATH
    assert socket_path(deep) != socket_path(Settings(state=tmp_path / ("y" * 120)))


def test_logs_are_followed_over_a_rotation(settings: Settings) -> None:
    file = log_file(settings, "ralph")
    file.parent.mkdir(parents=True)
    file.write_text("one\ntwo\n")
    lines = lifecycle.read_logs(settings, ["ralph"], lines=1, follow=True)
    assert next(lines) == "ralph │ two"
    with file.open("a") as stream:
        stream.write("three\nhalf a li")
    assert next(lines) == "ralph │ three"
    file.write_text("new\n")
    assert next(lines) == "ralph │ new"


def test_what_one_command_needs_is_not_installed_when_the_stack_starts(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("no-such-package==1.0\n")
    service = a_service(tmp_path, on_demand=True)
    lifecycle._install(settings, [service], Console().phase)
    assert not environments.is_installed(service, settings)
    [space] = [one for one in preflight.run_checks(settings, [service], set()) if one.name == "Free disk space"]
    assert f"at least {settings.free_space_mb:,} MB" in space.found


def test_a_service_without_a_lock_has_nothing_to_install(settings: Settings, tmp_path: Path) -> None:
    assert environments.is_installed(a_service(tmp_path), settings)
    (tmp_path / "requirements.txt").write_text("rich==1.0\n")
    assert not environments.is_installed(a_service(tmp_path), settings)


def test_an_environment_on_demand_is_made_for_the_service_that_uses_it() -> None:
    """The tail's first line would else wait minutes for its engine to be installed."""
    services = {each.name: each for each in read_services(ROOT)}
    assert services["event_router"] not in to_install([services["clickhouse"], services["event_router"]])
    assert services["event_router"] in to_install(services.values())
    assert services["tail"].uses == ("event_router",)
