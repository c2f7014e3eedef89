"""Builds and pushes images through the Docker engine's own interface."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aspects.errors import AspectsError
from aspects.images.context import digest, pack
from aspects.images.dockerfile import Image, reference_of
from aspects.settings import Settings

if TYPE_CHECKING:
    from docker import DockerClient

INPUTS = "org.openedx.aspects.inputs"
"""The label that says what an image was made of."""
LAST_LINES = 12


@dataclass(frozen=True)
class Built:
    """An image as it is now."""

    name: str
    reference: str
    id: str
    bytes: int
    seconds: float
    unchanged: bool
    """It was there already, made of the same files."""


@contextmanager
def docker_engine(timeout: int = 600) -> Iterator[DockerClient]:
    """A client of the Docker engine. Raises AspectsError (`images.no_engine`) when none answers."""
    import docker  # here, because it takes a tenth of a second that every other command would pay
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=timeout)
        client.ping()
    except (DockerException, OSError) as error:
        raise AspectsError(
            "No Docker engine answers.",
            why=str(error).splitlines()[0][:200],
            fix="Start Docker, or name the engine in DOCKER_HOST; ./inv dev.up --engine embedded needs none.",
            code="images.no_engine",
        ) from error
    try:
        yield client
    finally:
        client.close()


def build(
    image: Image,
    settings: Settings,
    client: DockerClient,
    arguments: dict[str, str],
    cache: bool = True,
    progress: Callable[[str], None] = lambda line: None,
) -> Built:
    """Build one image, unless the engine has it from the same inputs; `progress` is told each step.

    `arguments` are build arguments; those that the Dockerfile does not have are left out. They may name an index of
    packages: they are used in a stage that is thrown away. Raises AspectsError (`images.build`) with the last lines.
    """
    started = time.monotonic()
    reference = image.reference(settings)
    given = _arguments(image, settings, client, arguments)
    context = pack(image, settings.root)
    inputs = digest(context, given)
    there = _find(client, reference)
    unchanged = cache and there is not None and there.labels.get(INPUTS) == inputs
    if not unchanged:
        _build(client, image, settings, reference, context, given, inputs, cache, progress)
        there = client.images.get(reference)
    return Built(
        name=image.name,
        reference=reference,
        id=there.id,
        bytes=int(there.attrs["Size"]),
        seconds=round(time.monotonic() - started, 1),
        unchanged=unchanged,
    )


def push(reference: str, client: DockerClient, progress: Callable[[str], None] = lambda line: None) -> str:
    """Push an image; its digest in the registry. Raises AspectsError (`images.push`)."""
    found = ""
    for step in client.images.push(reference, stream=True, decode=True):
        if "error" in step:
            raise AspectsError(
                f"{reference} could not be pushed.",
                why=step["error"],
                fix="Sign in with `docker login`, or name another registry: ASPECTS_IMAGE_REGISTRY=registry.example/",
                code="images.push",
            )
        progress(step.get("status", ""))
        found = step.get("aux", {}).get("Digest", found)
    return found


def _arguments(image: Image, settings: Settings, client: DockerClient, given: dict[str, str]) -> dict[str, str]:
    """The build arguments, with the images that this one is made of by their ids: a new one makes this anew."""
    known = dict(given)
    for need in image.needs:
        needed = reference_of(need, settings)
        found = _find(client, needed)
        if found is None:
            raise AspectsError(f"{needed} is not built.", fix=f"./inv images.build {need}", code="images.build")
        known[f"{need.upper()}_IMAGE"] = found.id
    known["VERSION"] = settings.image_version
    return {name: value for name, value in known.items() if name in image.arguments}


def _find(client: DockerClient, reference: str) -> Any:
    from docker.errors import ImageNotFound

    try:
        return client.images.get(reference)
    except ImageNotFound:
        return None


def _build(
    client: DockerClient,
    image: Image,
    settings: Settings,
    reference: str,
    context: bytes,
    arguments: dict[str, str],
    inputs: str,
    cache: bool,
    progress: Callable[[str], None],
) -> None:
    from docker.errors import DockerException

    said: list[str] = []
    try:
        steps = client.api.build(
            fileobj=io.BytesIO(context),
            custom_context=True,
            dockerfile=str(image.dockerfile.relative_to(settings.root)),
            tag=reference,
            buildargs=arguments,
            labels={INPUTS: inputs},
            network_mode=settings.image_network,
            nocache=not cache,
            rm=True,
            forcerm=True,
            decode=True,
        )
        for step in steps:
            lines = [line for line in (step.get("stream") or step.get("status") or "").splitlines() if line.strip()]
            said += lines
            for line in lines:
                if line.startswith("Step "):
                    progress(line)
            if "error" in step:
                raise _failed(reference, [*said, step["error"]])
    except DockerException as error:
        raise _failed(reference, [*said, str(error)]) from error


def _failed(reference: str, said: list[str]) -> AspectsError:
    return AspectsError(
        f"{reference} could not be built.",
        why="\n".join(said[-LAST_LINES:]),
        fix="With another base image or an own index of packages: "
        "ASPECTS_IMAGE_ARGUMENTS='PYTHON_IMAGE=… UV_DEFAULT_INDEX=… PIP_INDEX_URL=…'.",
        code="images.build",
    )
