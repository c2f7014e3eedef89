"""Images and Compose files: what they are made of, and that they say what `service.yaml` says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from aspects.errors import AspectsError
from aspects.images.context import digest, pack
from aspects.images.dockerfile import choose, read_images
from aspects.images.pins import files_with_images, read_pins, refresh_pins
from aspects.quality.containers import check_containers
from aspects.settings import ROOT, Settings
from aspects.stack.compose import service_place, told_services, variables, write_told
from aspects.stack.containers import build_arguments, wanted_images
from aspects.stack.secrets import load_secrets
from aspects.stack.services import read_services, wanted_services

IMAGES = read_images(ROOT)
SERVICES = {service.name: service for service in read_services(ROOT)}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state=tmp_path / "state", engine="docker")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The repository's Dockerfiles and Compose files, to be spoilt."""
    root = tmp_path / "repository"
    for file in files_with_images(ROOT):
        target = root / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    return root


def instruction(name: str, word: str) -> str:
    text = re.sub(r"\\\n", " ", IMAGES[name].dockerfile.read_text())
    return next((line.removeprefix(f"{word} ") for line in text.splitlines() if line.startswith(f"{word} ")), "")


@pytest.mark.parametrize("name", ["ralph", "superset", "clickhouse"])
def test_an_image_starts_what_the_service_file_says(name: str, settings: Settings) -> None:
    service = SERVICES[name]
    place = service_place(service, settings)
    command = [service.render(word, settings, {}, place) for word in service.command]
    assert json.loads(instruction(name, "CMD")) == command
    assert instruction(name, "EXPOSE") == str(service.port)
    assert f"http://127.0.0.1:{service.port}{service.health}" in instruction(name, "HEALTHCHECK")


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if service.program])
def test_a_job_starts_what_the_service_file_says(name: str) -> None:
    assert json.loads(instruction(name, "ENTRYPOINT")) == list(SERVICES[name].program)


@pytest.mark.parametrize("name", ["refresh", "tail", "superset_worker", "superset_beat", "redis"])
def test_a_service_of_another_image_starts_what_its_file_says(name: str, settings: Settings) -> None:
    service = SERVICES[name]
    place = service_place(service, settings)
    told = yaml.safe_load((service.folder / "compose.yaml").read_text())["services"][name]
    assert told["command"] == [service.render(word, settings, {}, place) for word in service.command]


@pytest.mark.parametrize("name", [name for name in IMAGES if name in SERVICES and SERVICES[name].requirements.exists()])
def test_an_image_is_installed_from_the_lock_of_embedded_mode(name: str) -> None:
    lock = str(SERVICES[name].requirements.relative_to(ROOT))
    assert lock in IMAGES[name].sources


def test_every_service_waits_for_those_that_it_needs() -> None:
    for name, service in SERVICES.items():
        told = yaml.safe_load((service.folder / "compose.yaml").read_text())["services"][name]
        for need in service.needs:
            assert told["depends_on"][need]["condition"] == "service_healthy"


def test_the_default_ports_and_version_are_those_of_the_settings() -> None:
    text = "".join(file.read_text() for file in files_with_images(ROOT) if file.name == "compose.yaml")
    defaults = dict(re.findall(r"\$\{ASPECTS_(\w+):-([^}]*)\}", text))
    settings = Settings()
    for name in (
        "CLICKHOUSE_PORT",
        "RALPH_PORT",
        "SUPERSET_PORT",
        "VECTOR_PORT",
        "HOST",
        "IMAGE_REGISTRY",
        "IMAGE_VERSION",
    ):
        assert defaults[name] == str(getattr(settings, name.lower()))


def test_containers_find_clickhouse_by_its_name_and_see_their_own_secrets_only(settings: Settings) -> None:
    secrets = load_secrets(settings)
    told = told_services(settings, secrets)
    assert told["ralph"]["environment"]["RALPH_BACKENDS__LRS__ASPECTS__HOST"] == "clickhouse"
    assert told["superset"]["environment"]["WAREHOUSE_HOST"] == "clickhouse"
    assert told["superset"]["environment"]["SUPERSET_HOST"] == "0.0.0.0"
    assert told["dbt"]["environment"]["ASPECTS_DBT_HOST"] == "clickhouse"
    assert secrets["CLICKHOUSE_ADMIN_PASSWORD"] not in json.dumps({"a": told["ralph"], "b": told["superset"]})
    # What the Compose file says itself is not said twice.
    assert "SUPERSET_ASSETS" not in told["superset"]["environment"]


def test_what_containers_are_told_is_for_the_owner_and_survives_a_dollar(settings: Settings) -> None:
    write_told(settings)
    file = settings.state / "run" / "compose.json"
    assert file.stat().st_mode & 0o077 == 0
    assert "$" not in file.read_text().replace("$$", "")
    assert (settings.state / "ralph" / "auth.json").exists()


def test_compose_sees_the_settings_and_nothing_else_of_the_environment(settings: Settings) -> None:
    told = variables(settings, {"PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "x", "DOCKER_HOST": "unix:///run/x"})
    assert "AWS_SECRET_ACCESS_KEY" not in told
    assert told["DOCKER_HOST"] == "unix:///run/x"
    assert told["ASPECTS_CLICKHOUSE_PORT"] == "8123"
    assert told["ASPECTS_USER"] != "0:0"


def test_the_full_stack_has_its_workers_with_the_variables_of_superset(settings: Settings) -> None:
    full = settings.model_copy(update={"full": True})
    secrets = load_secrets(settings)
    added = {one.name for one in wanted_services(full)} - {one.name for one in wanted_services(settings)}
    assert added == {"postgres", "redis", "superset_worker", "superset_beat"}
    told = told_services(full, secrets)
    worker, web = told["superset_worker"]["environment"], told["superset"]["environment"]
    assert worker["SUPERSET_SECRET_KEY"] == web["SUPERSET_SECRET_KEY"]
    assert web["SUPERSET_DATABASE"].endswith("@postgres:5432/superset")
    assert web["SUPERSET_REDIS"] == "redis://redis:6379"
    assert told_services(settings, secrets)["superset"]["environment"]["SUPERSET_DATABASE"] == ""


def test_only_the_images_that_run_are_built(settings: Settings) -> None:
    names = [image.name for image in wanted_images(settings, wanted_services(settings))]
    assert "clickhouse" not in names
    assert names[-1] == "cli"
    assert {"ralph", "superset", "dbt", "event_router", "course_sink"} <= set(names)


def test_an_image_comes_after_those_that_it_is_made_of() -> None:
    assert [image.name for image in choose(IMAGES, ["cli"])][-1] == "cli"
    assert {image.name for image in choose(IMAGES, ["cli"])} == {"dbt", "event_router", "course_sink", "cli"}
    with pytest.raises(AspectsError, match="no image 'relph'"):
        choose(IMAGES, ["relph"])


def test_build_arguments_are_names_and_values() -> None:
    assert build_arguments(Settings(image_arguments="A=1 B=c=d")) == {"A": "1", "B": "c=d"}
    with pytest.raises(AspectsError, match="'A' is no build argument"):
        build_arguments(Settings(image_arguments="A"))


def test_the_same_files_give_the_same_context_whatever_their_times_and_rights(tmp_path: Path) -> None:
    def checkout(name: str, umask: int) -> Path:
        root = tmp_path / name
        for source in (*IMAGES["ralph"].sources, "ralph/Dockerfile"):
            for file in [ROOT / source] if (ROOT / source).is_file() else (ROOT / source).rglob("*"):
                if file.is_file():
                    target = root / file.relative_to(ROOT)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, target)
                    target.chmod(0o666 & ~umask)
                    os.utime(target, (umask, umask))
        return root

    one, other = checkout("one", 0o022), checkout("other", 0o077)
    packed = pack(read_images(one)["ralph"], one)
    assert packed == pack(read_images(other)["ralph"], other)
    assert digest(packed, {"VERSION": "1"}) != digest(packed, {"VERSION": "2"})


@pytest.mark.parametrize("name", IMAGES)
def test_a_context_has_what_is_copied_and_no_more(name: str) -> None:
    image = IMAGES[name]
    with tarfile.open(fileobj=BytesIO(pack(image, ROOT))) as archive:
        names = archive.getnames()
    allowed = (*image.sources, str(image.dockerfile.relative_to(ROOT)))
    assert all(name.startswith(allowed) for name in names)
    assert not [name for name in names if "__pycache__" in name or ".aspects" in name or name.endswith(".pyc")]
    for source in image.sources:
        tracked = subprocess.run(["git", "ls-files", source], cwd=ROOT, capture_output=True, text=True, check=True)
        assert set(tracked.stdout.splitlines()) <= set(names)


def test_the_repository_keeps_the_rules(copy: Path) -> None:
    assert check_containers(ROOT) == []
    assert check_containers(copy) == []


DIGEST = re.search(r"@sha256:\w+", (ROOT / "ralph/Dockerfile").read_text())


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("ralph/Dockerfile", "HEALTHCHECK --", "LABEL was=--", "no HEALTHCHECK"),
        ("services/clickhouse/compose.yaml", "    healthcheck:", "    labels:", "no health check"),
        ("services/refresh/compose.yaml", "healthcheck:", "healthcheck: {disable: true}\n    x-was:", "turned off"),
        ("ralph/compose.yaml", "${ASPECTS_HOST:-127.0.0.1}:", "0.0.0.0:", "on every network"),
        ("ralph/compose.yaml", "${ASPECTS_HOST:-127.0.0.1}:", "", "on every network"),
        ("ralph/Dockerfile", "ENV PATH", "ENV RALPH_PASSWORD=hunter2 PATH", "RALPH_PASSWORD stays in the image"),
        ("ralph/Dockerfile", "ARG VERSION=0", "ARG LMS_CLIENT_SECRET=hunter2", "LMS_CLIENT_SECRET stays"),
        ("services/superset/compose.yaml", "environment:", "environment:\n      SUPERSET_SECRET_KEY: x", "in the file"),
        ("ralph/Dockerfile", DIGEST[0] if DIGEST else "", "", "not pinned"),
        ("services/clickhouse/compose.yaml", "@sha256:", "@sha256:g", "not pinned"),
        ("ralph/Dockerfile", "USER 1000:1000", "USER root", "runs as root"),
        ("services/clickhouse/compose.yaml", 'user: "101:101"', 'user: "0"', "runs as root"),
        ("ralph/Dockerfile", "@sha256:6", "@sha256:7", "another digest elsewhere"),
    ],
)
def test_a_broken_rule_is_found_with_its_file(copy: Path, file: str, old: str, new: str, says: str) -> None:
    path = copy / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    findings = check_containers(copy)
    assert [finding for finding in findings if says in finding.message], findings
    assert {Path(finding.file).parent for finding in findings} <= {Path(file).parent, Path("dbt"), Path("services/cli")}


def test_a_refresh_of_pins_writes_what_the_registries_say(copy: Path) -> None:
    asked: list[str] = []

    def look(tag: str) -> str:
        asked.append(tag)
        return "sha256:" + "0" * 64

    changed = refresh_pins(copy, look)
    assert {pin.digest for pin in read_pins(copy)} == {"sha256:" + "0" * 64}
    assert sorted(pin.tag for pin in changed) == sorted(set(asked))
    assert refresh_pins(copy, look) == []


def compose_services() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for file in files_with_images(ROOT):
        if file.name == "compose.yaml":
            found |= yaml.safe_load(file.read_text()).get("services") or {}
    return found


def test_no_container_may_change_its_image_or_become_root() -> None:
    for name, service in compose_services().items():
        ours = "extends" in service  # services/contained.yaml says the same for all of these
        assert ours or service["cap_drop"] == ["ALL"], name
        assert service["deploy"]["resources"]["limits"]["memory"], name
