"""Rules for Dockerfiles and Compose files that a linter of their syntax does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from aspects.images.pins import PINNED, files_with_images, read_pins

OURS = "${ASPECTS_IMAGE_REGISTRY"
SECRET = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|PRIVATE_KEY|API_KEY|CREDENTIAL", re.IGNORECASE)
LOCAL = ("127.0.0.1:", "${ASPECTS_HOST:-127.0.0.1}:")
"""What a published port begins with: this machine alone, unless the setting `host` says otherwise."""


@dataclass(frozen=True)
class Finding:
    """What is wrong, and where."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


def check_containers(root: Path) -> list[Finding]:
    """Everything that is wrong with the Dockerfiles and the Compose files of a repository."""
    found: list[Finding] = []
    checked_by_image: set[str] = set()
    files = list(files_with_images(root))
    for file in files:
        if file.name == "Dockerfile":
            lines = _instructions(file.read_text())
            found += [Finding(str(file.relative_to(root)), *one) for one in _dockerfile(lines)]
            if any(word == "HEALTHCHECK" and rest != "NONE" for _, word, rest in lines):
                checked_by_image.add(str(file.parent))
    for file in files:
        if file.name == "compose.yaml":
            text = file.read_text()
            services = (yaml.safe_load(text) or {}).get("services") or {}
            for name, service in services.items():
                healthy = str(file.parent) in checked_by_image and str(service.get("image", "")).startswith(OURS)
                for part, message in _service(service, healthy):
                    found.append(Finding(str(file.relative_to(root)), _line(text, name, part), f"{name} {message}"))
    tags = [pin.tag for pin in read_pins(root)]
    for pin in read_pins(root):
        if tags.count(pin.tag) > 1:
            found.append(
                Finding(pin.files[0], 1, f"{pin.tag} has another digest elsewhere; ./inv images.pin mends it.")
            )
    return found


def _instructions(text: str) -> list[tuple[int, str, str]]:
    """The line, the instruction and the rest of each instruction; a line that goes on is one."""
    found: list[tuple[int, str, str]] = []
    goes_on = False
    for number, line in enumerate(text.splitlines(), start=1):
        here = line.strip().removesuffix("\\").strip()
        if goes_on:
            first, word, rest = found.pop()
            found.append((first, word, f"{rest} {here}"))
        elif here and not here.startswith("#"):
            word, _, rest = here.partition(" ")
            found.append((number, word.upper(), rest))
        goes_on = line.rstrip().endswith("\\")
    return found


def _dockerfile(instructions: list[tuple[int, str, str]]) -> Iterator[tuple[int, str]]:
    defaults: dict[str, str] = {}
    last_stage: list[tuple[int, str, str]] = []
    stages: set[str] = set()
    for line, word, rest in instructions:
        if word == "ARG":
            name, _, default = rest.partition("=")
            defaults[name] = default
        if word == "FROM":
            last_stage = []
            image, _, stage = rest.partition(" AS ")
            argument = re.fullmatch(r"\$\{(\w+)\}", image)
            named = defaults.get(argument[1], "") if argument else image
            # An argument with no default is an image of ours, which the build names by its id.
            pinned = PINNED.fullmatch(named) or image in stages or (argument and not named)
            if not pinned:
                yield line, f"builds on {named}, which is not pinned by tag and digest (name:tag@sha256:…)."
            stages.add(stage)
        last_stage.append((line, word, rest))
        for name, value in re.findall(r"(\w+)=(\S*)", rest) if word in ("ENV", "ARG", "LABEL") else ():
            if SECRET.search(name) and value not in ("", '""'):
                yield line, f"{name} stays in the image for all to read: give it to the container when it starts."
    line = instructions[0][0] if instructions else 1
    users = [rest for _, word, rest in last_stage if word == "USER"]
    if not users or users[-1].partition(":")[0] in ("root", "0"):
        yield line, "runs as root: end it with USER 1000:1000."
    if not any(word == "HEALTHCHECK" for _, word, _ in last_stage):
        yield line, "has no HEALTHCHECK (NONE for what runs to its end)."


def _service(service: dict[str, Any], checked_by_image: bool) -> Iterator[tuple[str, str]]:
    """The key to blame, and what is wrong with a service of a Compose file."""
    image = str(service.get("image", ""))
    if not image.startswith(OURS) and not PINNED.fullmatch(image) and image:
        yield "image", f"runs {image}, which is not pinned by tag and digest (name:tag@sha256:…)."
    job = "jobs" in service.get("profiles", ())
    if image and not job and not service.get("healthcheck", {}).get("test") and not checked_by_image:
        yield "image", "has no health check, and what needs it cannot wait for it."
    if service.get("healthcheck", {}).get("disable"):
        yield "healthcheck", "has its health check turned off."
    for port in service.get("ports", ()):
        if not str(port).startswith(LOCAL):
            yield "ports", f"publishes {port} on every network: write {LOCAL[1]}PORT:PORT."
    if str(service.get("user", "")).partition(":")[0] in ("root", "0") or service.get("privileged"):
        yield "user", "runs as root."
    told = service.get("environment", {})
    pairs = told.items() if isinstance(told, dict) else (str(one).partition("=")[::2] for one in told)
    for name, value in pairs:
        if SECRET.search(name) and value and not str(value).startswith("${"):
            yield "environment", f"has the value of {name} in the file: take it from the secrets."


def _line(text: str, name: str, part: str) -> int:
    """The line of a service's key, or of the service."""
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines, 1) if line.startswith(f"  {name}:")), 1)
    for number, line in enumerate(lines[start:], start + 1):
        if line.startswith(f"    {part}:"):
            return number
        if re.match(r"  \w", line):
            break
    return start
