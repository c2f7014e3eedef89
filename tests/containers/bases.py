"""Base images for the tests, made of Debian's packages where no registry of images can be reached."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import docker
from docker.errors import ImageNotFound

from aspects.images.dockerfile import read_images
from aspects.settings import ROOT

HERE = Path(__file__).parent
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PYTHON = "aspects-test/python:bookworm"
PACKAGES = ("ca-certificates", "python3", "python3-venv")


def for_images() -> dict[str, str]:
    """The settings with which images are built here."""
    return {
        "ASPECTS_ENGINE": "docker",
        "ASPECTS_IMAGE_REGISTRY": "aspects-test/",
        "ASPECTS_IMAGE_NETWORK": "host",
        "ASPECTS_IMAGE_ARGUMENTS": f"PYTHON_IMAGE={python_base()}",
        "ASPECTS_COMPOSE_FILES": str(HERE / "compose.yaml"),
    }


def for_containers() -> dict[str, str]:
    """The settings of a stack in containers, with every image that it does not build by itself."""
    told = for_images()
    # The full stack alone has workers with a browser, and builds their image when it starts.
    names = [name for name in read_images(ROOT) if name != "superset_worker"]
    subprocess.run([str(ROOT / "inv"), "images.build", *names], env={**os.environ, **told}, check=True)
    return told


def for_the_full_stack() -> dict[str, str]:
    """As `for_containers`, with Postgres and Redis."""
    told = {**for_containers(), "ASPECTS_FULL": "true"}
    client = docker.from_env(timeout=600)
    try:
        for name in ("postgres", "redis"):
            client.images.build(
                path=str(HERE / name),
                tag=f"aspects-test/{name}:bookworm",
                network_mode="host",
                buildargs={"BASE": PYTHON},
            )
    finally:
        client.close()
    return told


def python_base() -> str:
    """The name of an image with Debian's Python, made on first use: a minute."""
    return _base(PYTHON, PACKAGES)


def _base(name: str, packages: Sequence[str]) -> str:
    client = docker.from_env(timeout=600)
    try:
        client.images.get(name)
    except ImageNotFound:
        with tempfile.TemporaryDirectory(prefix="aspects-base-") as folder:
            root = Path(folder) / "root"
            command = ["debootstrap", "--variant=minbase", f"--include={','.join(packages)}", "bookworm", str(root)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            _trust_what_this_machine_trusts(root)
            shutil.rmtree(root / "var/cache/apt/archives", ignore_errors=True)
            with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as tar:
                changes = [f"ENV SSL_CERT_FILE={CERTIFICATES} PIP_CERT={CERTIFICATES}"]
                client.api.import_image_from_stream(tar.stdout, *name.split(":"), changes=changes)
            assert tar.returncode == 0
    finally:
        client.close()
    return name


def _trust_what_this_machine_trusts(root: Path) -> None:
    """A machine behind a proxy of its own has its certificate there."""
    if CERTIFICATES.exists():
        shutil.copyfile(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
