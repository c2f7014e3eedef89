"""A zip file that Superset exported, or that somebody says is one: read with care."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePosixPath

from pydantic import ValidationError

from aspects.assets.bring_in import Asset
from aspects.assets.models import MODELS
from aspects.assets.yaml_lines import YamlError, parse
from aspects.errors import AspectsError

MOST_FILES = 5_000
MOST_BYTES = 5 * 1024 * 1024
"""Of one file."""
MOST_BYTES_TOGETHER = 100 * 1024 * 1024
_LINK = 0o120000


def read_export(content: bytes, name: str) -> list[Asset]:
    """The assets in an export. `name` is what errors call it.

    Nothing is unpacked. Raises AspectsError (`assets.zip`) for a file that is no zip, that is too large, that names
    paths outside of its folder or links, that holds something else than Superset's YAML, or no asset at all.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise _refused(name, f"It is no zip file ({error}).") from error
    with archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(entries) > MOST_FILES:
            raise _refused(name, f"It holds {len(entries)} files; {MOST_FILES} are the most.")
        if sum(entry.file_size for entry in entries) > MOST_BYTES_TOGETHER:
            raise _refused(name, f"It unpacks to more than {MOST_BYTES_TOGETHER >> 20} MB.")
        assets: dict[tuple[str, str], Asset] = {}
        for entry in entries:
            path = _safe(name, entry)
            kind = next((part for part in path.parts[:-1] if part in MODELS), None)
            if kind is None or kind == "security" or path.suffix not in (".yaml", ".yml"):
                continue
            asset = _asset(name, entry.filename, kind, _text(name, archive, entry))
            if assets.setdefault((kind, asset.uuid), asset) is not asset:
                raise _refused(name, f"{entry.filename}: another file has the uuid {asset.uuid} as well.")
    if not assets:
        raise _refused(name, "It holds no YAML files in databases/, datasets/, charts/ or dashboards/.")
    return list(assets.values())


def _refused(name: str, why: str) -> AspectsError:
    return AspectsError(
        f"{name} is no export that can be used.",
        why=why,
        fix="Export the dashboard once more in Superset (its menu, Export), and pass on the zip file as it is.",
        code="assets.zip",
    )


def _safe(name: str, entry: zipfile.ZipInfo) -> PurePosixPath:
    path = PurePosixPath(entry.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.orig_filename or ":" in path.parts[0]:
        raise _refused(name, f"The path {entry.orig_filename!r} leads out of its folder.")
    if (entry.external_attr >> 16) & 0o170000 == _LINK:
        raise _refused(name, f"{entry.filename} is a link.")
    if entry.flag_bits & 1:
        raise _refused(name, f"{entry.filename} is encrypted.")
    return path


def _text(name: str, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    """At most MOST_BYTES are unpacked, whatever the entry says of its size."""
    try:
        with archive.open(entry) as stream:
            content = stream.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise _refused(name, f"{entry.filename} is larger than {MOST_BYTES >> 20} MB.")
        return content.decode("utf-8")
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise _refused(name, f"{entry.filename} cannot be read: {error}.") from error


def _asset(name: str, file: str, kind: str, text: str) -> Asset:
    try:
        document = parse(text).value
    except YamlError as error:
        raise _refused(name, f"{file}:{error.line}: {error.message}.") from error
    if not isinstance(document, dict):
        raise _refused(name, f"{file} does not hold a mapping.")
    document = {key: value for key, value in document.items() if not str(key).startswith("_")}
    try:
        MODELS[kind].model_validate(document)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise _refused(name, f"{file}: {where}: {problem['msg']}.") from error
    return Asset(kind, document)
