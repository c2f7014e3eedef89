"""Images: the same inputs give the same files, and a registry takes them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import httpx
import pytest
from docker import DockerClient

from aspects.images.build import docker_engine
from aspects.images.pins import refresh_pins
from tests.conftest import Commands, free_port
from tests.containers.bases import for_images


@pytest.fixture(scope="module")
def inv() -> Iterator[Commands]:
    """`./inv` with the settings of container tests; what it builds under a name of its own is removed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ASPECTS_")}
    state = tempfile.mkdtemp(prefix="aspects-")
    yield Commands({**kept, **for_images(), "ASPECTS_STATE": state})
    shutil.rmtree(state)


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerClient]:
    client = docker.from_env(timeout=300)
    yield client
    client.close()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry of images on this machine, which is gone afterwards."""
    program = shutil.which("docker-registry")
    if not program:
        pytest.skip("needs docker-registry (Debian: docker-registry)")
    folder, address = tmp_path_factory.mktemp("registry"), f"127.0.0.1:{free_port()}"
    (folder / "config.yml").write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/images}}}}\nhttp: {{addr: '{address}'}}\n"
    )
    with subprocess.Popen(
        [program, "serve", str(folder / "config.yml")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        for _ in range(100):
            try:
                httpx.get(f"http://{address}/v2/")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield address
        process.terminate()


def tree(client: DockerClient, reference: str, folder: Path) -> dict[str, tuple[object, ...]]:
    """Every file of an image: its kind, rights, owner, target and content."""
    container = client.containers.create(reference)
    try:
        packed = folder / "image.tar"
        with packed.open("wb") as file:
            for chunk in container.export():
                file.write(chunk)
    finally:
        container.remove()
    with tarfile.open(packed) as archive:
        return {
            member.name: (
                member.type,
                member.mode,
                member.uid,
                member.gid,
                member.linkname,
                content_of(archive, member) if member.isfile() else "",
            )
            for member in archive
            if member.isfile() or member.issym() or member.isdir()
        }


def content_of(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    content = archive.extractfile(member)
    return hashlib.sha256(content.read() if content else b"").hexdigest()


def test_the_same_inputs_give_the_same_file_tree(inv: Commands, engine: DockerClient, tmp_path: Path) -> None:
    inv("images.build", "ralph", check=True)  # whenever its layers were made
    inv("images.build", "ralph", "--no-cache", check=True, ASPECTS_IMAGE_REGISTRY="aspects-test-anew/")
    one = tree(engine, "aspects-test/aspects-ralph:0.1.0", tmp_path)
    other = tree(engine, "aspects-test-anew/aspects-ralph:0.1.0", tmp_path)
    engine.images.remove("aspects-test-anew/aspects-ralph:0.1.0", force=True)
    assert len(one) > 5000
    assert {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)} == set()


def test_what_has_not_changed_is_not_built_again(inv: Commands) -> None:
    inv("images.build", "ralph", check=True)
    (built,) = inv("images.build", "ralph", "--json", check=True).json["images"]
    assert built["unchanged"]
    assert built["reference"] == "aspects-test/aspects-ralph:0.1.0"


def test_a_build_that_fails_says_what_failed(inv: Commands) -> None:
    failed = inv("images.build", "ralph", "--no-cache", ASPECTS_IMAGE_ARGUMENTS="PYTHON_IMAGE=aspects-test/nothing:1")
    assert failed.status == 1
    assert "aspects-ralph:0.1.0 could not be built" in failed.err
    assert "FROM ${PYTHON_IMAGE}" in failed.err
    assert "PYTHON_IMAGE=…" in failed.err


def test_a_registry_takes_an_image_and_its_tag_can_be_pinned(
    inv: Commands, engine: DockerClient, registry: str, tmp_path: Path
) -> None:
    prefix = f"{registry}/aspects/"
    words = ("images.build", "ralph", "--push", "--json")
    (pushed,) = inv(*words, check=True, ASPECTS_IMAGE_REGISTRY=prefix).json["images"]
    assert pushed["digest"].startswith("sha256:")
    tags = httpx.get(f"http://{registry}/v2/aspects/aspects-ralph/tags/list").json()["tags"]
    assert tags == ["0.1.0"]

    file = tmp_path / "ralph" / "Dockerfile"
    file.parent.mkdir()
    file.write_text(f"FROM {pushed['reference']}@sha256:{'0' * 64}\n")
    with docker_engine() as client:
        (pin,) = refresh_pins(tmp_path, lambda tag: str(client.images.get_registry_data(tag).id))
    assert pin.digest == pushed["digest"]
    assert f"@{pushed['digest']}" in file.read_text()
    engine.images.remove(pushed["reference"], force=True)


def test_a_registry_that_is_not_there_is_named(inv: Commands, engine: DockerClient) -> None:
    prefix = f"127.0.0.1:{free_port()}/"
    refused = inv("images.build", "ralph", "--push", ASPECTS_IMAGE_REGISTRY=prefix)
    assert refused.status == 1
    assert f"{prefix}aspects-ralph:0.1.0 could not be pushed" in refused.err
    engine.images.remove(f"{prefix}aspects-ralph:0.1.0", force=True)
