"""The plugin in the real Tutor: enabled, rendered, and read by Docker Compose and by the schemas of Kubernetes."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from aspects.settings import ROOT
from aspects.stack.environments import UV, holds, make
from tests.conftest import Finished, Stack, environments

FOLDER = ROOT / "services" / "openedx"
COMPOSED = ("docker-compose.yml", "docker-compose.prod.yml", "docker-compose.jobs.yml")


@dataclass(frozen=True)
class Tutor:
    """A Tutor of its own, with the plugin installed as a package."""

    bin: Path
    environment: dict[str, str]

    def __call__(self, *words: str) -> Finished:
        return self.run(str(self.bin / "tutor"), *words)

    def run(self, *words: str, cwd: Path | None = None) -> Finished:
        done = subprocess.run(
            words, env=self.environment, cwd=cwd, capture_output=True, text=True, timeout=300, check=False
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    @property
    def env(self) -> Path:
        return Path(self.environment["TUTOR_ROOT"]) / "env"


@pytest.fixture(scope="module")
def tutor(tmp_path_factory: pytest.TempPathFactory) -> Tutor:
    place = environments() / "openedx"
    if not holds(place, FOLDER / "requirements.txt"):
        make(place, FOLDER / "requirements.txt", "Tutor")
    root = tmp_path_factory.mktemp("tutor")
    package = root / "package"
    python = place / "bin" / "python"
    install = [UV, "pip", "install", "--quiet", "--python", str(python), "--target", str(package), "--no-deps"]
    subprocess.run([*install, "--no-build-isolation", str(FOLDER)], check=True, capture_output=True)
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    paths = {"TUTOR_ROOT": str(root / "root"), "TUTOR_PLUGINS_ROOT": str(root / "plugins"), "PYTHONPATH": str(package)}
    found = Tutor(place / "bin", {**kept, **paths, "TUTOR_PLUGIN_INDEXES": "[]"})
    assert found("plugins", "enable", "aspects").status == 0
    assert found("config", "save").status == 0
    return found


def compose(tutor: Tutor) -> dict[str, Any]:
    files = [word for name in COMPOSED for word in ("-f", str(tutor.env / "local" / name))]
    done = tutor.run(str(tutor.bin / "docker-compose"), *files, "--project-name", "x", "config", "--format", "json")
    assert done.status == 0, done
    services: dict[str, Any] = json.loads(done.out)["services"]
    return services


def test_docker_compose_reads_the_services_with_their_facts(tutor: Tutor) -> None:
    services = compose(tutor)
    assert {"clickhouse", "ralph", "superset", "refresh", "aspects-job"} < set(services)
    facts = yaml.safe_load((ROOT / "ralph" / "service.yaml").read_text())
    ralph = services["ralph"]
    assert ralph["command"][:4] == ["python", "-m", "uvicorn", "aspects_lrs.app:app"]
    assert f"127.0.0.1:{facts['port']}{facts['health']}" in ralph["healthcheck"]["test"][1]
    assert set(ralph["environment"]) == set(facts["environment"])
    assert ralph["environment"]["RALPH_BACKENDS__LRS__ASPECTS__HOST"] == "clickhouse"
    assert ralph["depends_on"]["clickhouse"]["condition"] == "service_healthy"
    assert "ralph" in services["lms"]["depends_on"]
    assert services["superset"]["environment"]["WAREHOUSE_HOST"] == "clickhouse"
    assert not any("ports" in services[name] for name in ("clickhouse", "ralph", "superset", "refresh"))


def test_the_lms_is_told_where_to_write(tutor: Tutor) -> None:
    settings = (tutor.env / "apps" / "openedx" / "settings" / "lms" / "production.py").read_text()
    password = tutor("config", "printvalue", "ASPECTS_CLICKHOUSE_SINK_PASSWORD").out.strip()
    assert f'"password": "{password}"' in settings
    assert "EVENT_SINK_CLICKHOUSE_USER_PROFILE_ENABLED = False" in settings
    compile(settings, "production.py", "exec")
    dockerfile = (tutor.env / "build" / "openedx" / "Dockerfile").read_text()
    assert '"platform-plugin-aspects==1.1.2"' in dockerfile
    users = json.loads((tutor.env / "plugins" / "aspects" / "apps" / "auth.json").read_text())
    assert [user["username"] for user in users] == ["lms"]
    secrets = (tutor.env / "plugins" / "aspects" / "apps" / "secrets.env").read_text()
    assert f"CLICKHOUSE_SINK_PASSWORD={password}\n" in secrets
    assert 'import proxy "superset:8088"' in (tutor.env / "apps" / "caddy" / "Caddyfile").read_text()


def test_saving_twice_gives_the_same_files(tutor: Tutor) -> None:
    def files() -> dict[str, bytes]:
        return {str(file): file.read_bytes() for file in tutor.env.rglob("*") if file.is_file()}

    before = files()
    assert tutor("config", "save").status == 0
    assert files() == before


def test_kubernetes_would_take_the_manifests(tutor: Tutor) -> None:
    checks = """
import sys, yaml, kubernetes_validate
for file in sys.argv[1:]:
    for told in yaml.safe_load_all(open(file)):
        if told:
            kubernetes_validate.validate(told, "1.30", strict=True)
            print(told["kind"], told["metadata"]["name"])
"""
    files = [str(file) for file in sorted((tutor.env / "k8s").glob("*.yml")) if file.name != "override.yml"]
    done = tutor.run(str(tutor.bin / "python"), "-c", checks, *files)
    assert done.status == 0, done
    found = set(done.out.splitlines())
    for name in ("clickhouse", "ralph", "superset"):
        assert {f"Deployment {name}", f"Service {name}", f"PersistentVolumeClaim aspects-{name}"} <= found
    assert {"Deployment refresh", "Job aspects-job"} <= found
    kustomization = yaml.safe_load((tutor.env / "kustomization.yml").read_text())
    assert "aspects-files" in {each["name"] for each in kustomization["configMapGenerator"]}


def test_services_that_run_elsewhere_are_left_out(tutor: Tutor) -> None:
    elsewhere = {
        "ASPECTS_RUN_CLICKHOUSE": "false",
        "ASPECTS_RUN_RALPH": "false",
        "ASPECTS_CLICKHOUSE_HOST": "ch.example",
    }
    try:
        words = [word for name, value in elsewhere.items() for word in ("--set", f"{name}={value}")]
        assert tutor("config", "save", *words).status == 0
        services = compose(tutor)
        assert not {"clickhouse", "ralph"} & set(services)
        assert services["aspects-job"]["environment"]["ASPECTS_HOST"] == "ch.example"
        assert "ralph" not in services["lms"]["depends_on"]
    finally:
        tutor("config", "save", *[word for name in elsewhere for word in ("--unset", name)])


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ASPECTS_CLICKHOUSE_PORT", "http", "it must be a port"),
        ("ASPECTS_PII", "perhaps", "it must be true or false"),
        ("ASPECTS_XAPI_SOURCE", "kafka", "it must be one of lrs, logs"),
        ("ASPECTS_CLICKHOUSE_HOST", "http://clickhouse:8123", "it must be the name of a host"),
        ("ASPECTS_LOCALES", "Spanish", "of the form"),
        ("ASPECTS_RALPH_PASSWORD", "short", "fewer than 8"),
        ("ASPECTS_CLICKHUOSE_HOST", "clickhouse", "is no setting of this plugin"),
    ],
)
def test_a_wrong_setting_says_which_and_why(tutor: Tutor, name: str, value: str, says: str) -> None:
    before = (Path(tutor.environment["TUTOR_ROOT"]) / "config.yml").read_text()
    try:
        done = tutor("config", "save", "--set", f"{name}={value}")
        assert done.status != 0
        assert name in done.err
        assert says in done.err
    finally:
        (Path(tutor.environment["TUTOR_ROOT"]) / "config.yml").write_text(before)


def test_every_setting_is_explained(tutor: Tutor) -> None:
    shown = tutor("aspects", "settings").out
    told = yaml.safe_load((FOLDER / "tutor_aspects" / "settings.yaml").read_text())
    assert [name for name in told if f"{name} = " not in shown] == []
    password = tutor("config", "printvalue", "ASPECTS_RALPH_PASSWORD").out.strip()
    assert password not in shown


def test_jobs_run_against_a_stack(tutor: Tutor, stack: Stack) -> None:
    """The scripts that Tutor would run in a container, in this checkout."""
    listed = """
import json
from tutor_aspects import commands, plugin
jobs = [commands.init_clickhouse.callback(), commands.dbt.callback("", False)]
jobs += [commands.load_xapi_test_data.callback(200, 8), commands.transform_tracking_logs.callback(("none.log",))]
jobs += [[("aspects", (plugin.HERE / "jobs" / "warehouse.sh").read_text())]]
print(json.dumps([script for job in jobs for service, script in job]))
"""
    done = tutor.run(str(tutor.bin / "python"), "-c", listed)
    assert done.status == 0, done
    *scripts, missing, init = json.loads(done.out)
    for script in (*scripts, init):
        ran = subprocess.run(
            ["sh", "-c", script], cwd=ROOT, env=stack.inv.environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, (script, ran.stderr)
    assert missing == "./inv logs.transform /logs/none.log"
    ran = subprocess.run(["sh", "-c", missing], cwd=ROOT, env=stack.inv.environment, capture_output=True, check=False)
    assert ran.returncode == 1


def test_jobs_for_the_lms_are_its_own_commands(tutor: Tutor) -> None:
    asked = """
from tutor_aspects import commands
print(commands.dump_data_to_clickhouse.callback("course_overviews", True, None))
print(commands.dump_data_to_clickhouse.callback("user_profile", False, 7))
"""
    done = tutor.run(str(tutor.bin / "python"), "-c", asked)
    assert "('cms', './manage.py cms dump_data_to_clickhouse --object course_overviews --force" in done.out
    assert "('lms', './manage.py lms dump_data_to_clickhouse --object user_profile --limit 7 --batch_size 1" in done.out
    wrong = tutor("local", "do", "dump-data-to-clickhouse", "--object", "grades")
    assert (wrong.status, "is not one of" in wrong.err) == (2, True)


def test_assets_are_checked_and_taken_in_by_the_commands(tutor: Tutor, tmp_path: Path) -> None:
    """From a checkout the plugin runs the commands beside it."""
    environment = {**tutor.environment, "PYTHONPATH": str(FOLDER)}
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "broken.yaml").write_text("slice_name: [\n")
    checkout = Tutor(tutor.bin, environment)
    enabled = checkout.run(str(checkout.bin / "python"), "-c", "import tutor_aspects.commands as c; print(c.INV)")
    assert enabled.out.strip() == str(ROOT / "inv")
    asked = """
import pathlib, sys
from tutor_aspects.commands import _run_inv
_run_inv(None, "assets.check", [pathlib.Path(sys.argv[1])])
"""
    found = checkout.run(str(checkout.bin / "python"), "-c", asked, str(tmp_path))
    assert found.status != 0
    assert "broken.yaml" in found.out + found.err
