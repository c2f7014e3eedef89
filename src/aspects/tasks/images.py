"""Container images of the services."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context

from aspects import settings as settings_module
from aspects.console import Console
from aspects.images.build import Built, docker_engine
from aspects.images.build import build as build_image
from aspects.images.build import push as push_image
from aspects.images.dockerfile import choose, read_images
from aspects.images.pins import Pin, refresh_pins
from aspects.stack.containers import build_arguments
from aspects.tasks.base import task


@task(
    variadic="names",
    at_least=0,
    help={
        "names": "Names of images: those of their folders, such as ralph, superset or cli; all unless given.",
        "no-cache": "Build every step anew.",
        "push": "Push them afterwards to the registry of ASPECTS_IMAGE_REGISTRY.",
    },
)
def build(context: Context, names: list[str], no_cache: bool = False, push: bool = False, json: bool = False) -> None:
    """Build the services' images; what has not changed is left as it is.

    ASPECTS_IMAGE_REGISTRY and ASPECTS_IMAGE_VERSION make their names, ASPECTS_IMAGE_ARGUMENTS are build arguments.
    """
    console = Console(json)
    settings = settings_module.load()
    images = choose(read_images(settings.root), names)
    arguments = build_arguments(settings)
    made: list[Built] = []
    digests: dict[str, str] = {}
    with docker_engine() as client:
        for image in images:
            with console.phase(f"Build {image.title}") as phase:
                built = build_image(image, settings, client, arguments, not no_cache, phase.now)
                made.append(built)
                phase.note(f"{built.bytes / 1e6:,.0f} MB{', unchanged' if built.unchanged else ''}")
        for built in made if push else []:
            with console.phase(f"Push {built.reference}") as phase:
                digests[built.name] = push_image(built.reference, client, phase.now)
                phase.note(digests[built.name])
    console.result({"images": [vars(built) | {"digest": digests.get(built.name, "")} for built in made]})


@task(variadic="names", at_least=0, help={"names": "Names of images; all of them unless given."})
def push(context: Context, names: list[str], json: bool = False) -> None:
    """Push images that are built to the registry of ASPECTS_IMAGE_REGISTRY."""
    console = Console(json)
    settings = settings_module.load()
    pushed = []
    with docker_engine() as client:
        for image in choose(read_images(settings.root), names):
            reference = image.reference(settings)
            with console.phase(f"Push {reference}") as phase:
                digest = push_image(reference, client, phase.now)
                phase.note(digest)
                pushed.append({"name": image.name, "reference": reference, "digest": digest})
    console.result({"images": pushed})


@task()
def pin(context: Context, json: bool = False) -> None:
    """Write the digests that the registries have now for the tags of other people's images."""
    console = Console(json)
    settings = settings_module.load()
    changed: list[Pin] = []
    with docker_engine() as client, console.phase("Ask the registries") as phase:
        changed = refresh_pins(settings.root, lambda tag: str(client.images.get_registry_data(tag).id))
        phase.note(f"{len(changed)} new")
    for one in changed:
        console.say(f"{one.tag}: {one.digest} ({', '.join(str(Path(file)) for file in one.files)})")
    console.result({"changed": changed})
