"""What a service's Dockerfile makes, and which files of the repository go into it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.stack.services import FOLDERS

CLI = "cli"
"""The folder of the commands' own image, which has no other name than the project's."""


@dataclass(frozen=True)
class Image:
    """An image of ours."""

    name: str
    """The name of the service's folder."""
    dockerfile: Path
    sources: tuple[str, ...]
    """Files and folders that it copies, relative to the repository."""
    arguments: tuple[str, ...]
    """Names of its build arguments."""

    @property
    def title(self) -> str:
        return title_of(self.name)

    @property
    def needs(self) -> tuple[str, ...]:
        """Images of ours that it is made of, by the arguments that name them: `DBT_IMAGE`."""
        found = (re.fullmatch(r"(\w+)_IMAGE", argument) for argument in self.arguments)
        return tuple(match[1].lower() for match in found if match and match[1] != "PYTHON")

    def reference(self, settings: Settings) -> str:
        """Its full name: registry, title and version."""
        return reference_of(self.name, settings)


def reference_of(name: str, settings: Settings) -> str:
    """The full name of the image of the service `name`."""
    return f"{settings.image_registry}{title_of(name)}:{settings.image_version}"


def title_of(name: str) -> str:
    """The name of the image of the service `name`, without registry and version."""
    return "aspects" if name == CLI else f"aspects-{name.replace('_', '-')}"


def read_images(root: Path) -> dict[str, Image]:
    """Every image of the repository by its name, each after those that it is made of."""
    files = sorted(file for folder in FOLDERS for file in root.glob(f"{folder}/Dockerfile"))
    images = {file.parent.name: _read(file) for file in files}
    return {name: images[name] for name in sorted(images, key=lambda name: len(images[name].needs))}


def choose(images: dict[str, Image], names: list[str]) -> list[Image]:
    """The named images and those that they are made of; all of them without a name.

    Raises AspectsError (`images.unknown`) for a name that none has.
    """
    if unknown := [name for name in names if name not in images]:
        raise AspectsError(
            f"There is no image {unknown[0]!r}.",
            fix="One of: " + ", ".join(sorted(images)) + ".",
            code="images.unknown",
            status=2,
        )
    wanted = {*names, *(need for name in names for need in images[name].needs)} or set(images)
    return [image for name, image in images.items() if name in wanted]


def _read(file: Path) -> Image:
    instructions = re.sub(r"\\\n", " ", file.read_text()).splitlines()
    copies = [line.split()[1:] for line in instructions if line.startswith("COPY ") and "--from=" not in line]
    arguments = [re.split(r"[ =]", line)[1] for line in instructions if line.startswith("ARG ")]
    sources = [word.rstrip("/") for words in copies for word in words[:-1] if not word.startswith("--")]
    return Image(file.parent.name, file, tuple(dict.fromkeys(sources)), tuple(dict.fromkeys(arguments)))
