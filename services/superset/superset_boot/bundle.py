"""A rendered bundle of assets: read, judged as a whole, and made ready for Superset's importer. No Superset here.

Superset's importer lets several mistakes pass and then unlinks charts or serves a broken dashboard; whatever can be
seen in the files alone is refused here, with the file's name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

# libyaml's reader where there is one: ten times as fast.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
KINDS = ("databases", "datasets", "charts", "dashboards", "queries")
SECURITY = "security"
"""The folder of the rules that datasets name with `_security`; Superset's importer never sees it."""
RETIRED = "retired.yaml"
"""Assets that must go: `retired` is a list of kind and uuid."""
REFERENCES = {"datasets": "database_uuid", "charts": "dataset_uuid", "queries": "database_uuid"}
"""Which key of an asset names an asset of which kind: see `TARGETS`."""
TARGETS = {"database_uuid": "databases", "dataset_uuid": "datasets"}
UNIQUE = {"databases": "database_name", "datasets": "table_name", "dashboards": "slug"}
"""What Superset's tables allow once only, besides the uuid."""


@dataclass(frozen=True)
class BundleError:
    """What is wrong, and in which file of the bundle (empty when no single file is to blame)."""

    file: str
    message: str


@dataclass(frozen=True)
class SecurityRule:
    """Who is `exempt` sees all rows of the datasets (by uuid), everybody else those for which the clause is true."""

    clause: str
    description: str
    exempt: tuple[str, ...]
    datasets: frozenset[str]


@dataclass(frozen=True)
class Bundle:
    """`contents`: path in the bundle to YAML text, as ImportAssetsCommand takes it. `roles`: uuid of a dashboard to
    the names of the roles that may see it; a dashboard without the private key `_roles` is not in it. `charts`: uuid
    of a dashboard to the uuids of its charts. `security`: the rules on rows, by name. `embedded`: uuid of a dashboard
    to the id by which other sites show it. `digest`: changes whenever a file does. `identities` and
    `retired`: kind and uuid of the assets that the bundle holds, and of those that must go (`retired.yaml`)."""

    contents: dict[str, str]
    roles: dict[str, list[str]]
    charts: dict[str, set[str]]
    security: dict[str, SecurityRule]
    embedded: dict[str, str]
    digest: str
    assets: int
    identities: list[tuple[str, str]] = field(default_factory=list)
    retired: list[tuple[str, str]] = field(default_factory=list)
    errors: list[BundleError] = field(default_factory=list)


def read_bundle(folder: Path, role_names: tuple[str, ...]) -> Bundle:
    """Read and judge every YAML file under the folder. Nothing is raised for what the files hold: see `errors`."""
    digest = hashlib.sha256()
    documents: dict[str, dict[str, Any]] = {}
    errors: list[BundleError] = []
    for path in sorted(folder.rglob("*.yaml")):
        name = path.relative_to(folder).as_posix()
        content = path.read_bytes()
        digest.update(name.encode() + b"\0" + content + b"\0")
        try:
            document = yaml.load(content.decode(), Loader=LOADER)  # noqa: S506  # a safe loader
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            errors.append(BundleError(name, f"Not valid YAML: {' '.join(str(error).split())}"))
            continue
        if not isinstance(document, dict):
            errors.append(BundleError(name, "The file holds no mapping of keys to values."))
            continue
        documents[name] = document
    if not (folder / "metadata.yaml").exists():
        errors.append(BundleError("metadata.yaml", "The file is missing: Superset takes no bundle without it."))
    assets = {name: document for name, document in documents.items() if kind_of(name) in KINDS}
    roles: dict[str, list[str]] = {}
    charts: dict[str, set[str]] = {}
    embedded: dict[str, str] = {}
    rules = {Path(name).stem: (name, document) for name, document in documents.items() if kind_of(name) == SECURITY}
    guarded: dict[str, set[str]] = {rule: set() for rule in rules}
    # A file that cannot be read may hold what another one names: then only its own error is worth reading.
    if not errors:
        errors += [BundleError(*found) for found in [*_identity_errors(assets), *_reference_errors(assets)]]
        errors += [BundleError(name, each) for name, rule in rules.values() for each in _rule_errors(rule, role_names)]
    if not errors:
        for name, document in assets.items():
            uuid = str(document["uuid"])
            if "_security" in document:
                rule = str(document.pop("_security"))
                if rule in guarded:
                    guarded[rule].add(uuid)
                else:
                    errors.append(BundleError(name, f"`_security` names {rule}, which is no file of {SECURITY}/."))
            if kind_of(name) != "dashboards":
                continue
            charts[uuid] = {str(child["meta"]["uuid"]) for child in _chart_places(document)}
            if "_roles" in document:
                roles[uuid] = document.pop("_roles")
                errors += [BundleError(name, message) for message in _role_errors(roles[uuid], role_names)]
            if "_embedded" in document:
                embedded[uuid] = str(document.pop("_embedded"))
            _number_places(document)
    security = {
        name: SecurityRule(
            rule["clause"], rule.get("description", ""), tuple(rule.get("exempt") or ()), frozenset(guarded[name])
        )
        for name, (_, rule) in ({} if errors else rules).items()
    }
    contents = {
        name: yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
        for name, document in documents.items()
        if name == "metadata.yaml" or name in assets
    }
    identities = [(kind_of(name), str(document.get("uuid"))) for name, document in assets.items()]
    retired = _retired(documents)
    return Bundle(
        contents, roles, charts, security, embedded, digest.hexdigest(), len(assets), identities, retired, errors
    )


def _retired(documents: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    listed = documents.get(RETIRED, {}).get("retired") or []
    return [(str(entry["kind"]), str(entry["uuid"])) for entry in listed]


def kind_of(name: str) -> str:
    """`charts/a.yaml` is of the kind `charts`."""
    return name.split("/", 1)[0]


def _identity_errors(assets: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str]]:
    seen: dict[tuple[str, str, str], str] = {}
    for name, document in assets.items():
        if not document.get("uuid"):
            yield name, "The key `uuid` is missing."
        if kind_of(name) == "databases" and not isinstance(document.get("extra"), dict):
            yield name, "The key `extra` is missing: Superset cannot import a connection without this mapping."
        for key in ("uuid", UNIQUE.get(kind_of(name))):
            value = document.get(key) if key else None
            if not value:
                continue
            first = seen.setdefault(("" if key == "uuid" else kind_of(name), str(key), str(value)), name)
            if first != name:
                yield name, f"`{key}` {value} is already that of {first}."


def _reference_errors(assets: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str]]:
    known: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for name, document in assets.items():
        known[kind_of(name)].add(str(document.get("uuid")))
    for name, document in assets.items():
        kind = kind_of(name)
        if (key := REFERENCES.get(kind)) and str(document.get(key)) not in known[TARGETS[key]]:
            yield name, f"`{key}` {document.get(key)} is in no file of {TARGETS[key]}/."
        if kind != "dashboards":
            continue
        for child in _chart_places(document):
            uuid = str(child["meta"]["uuid"])
            if uuid not in known["charts"]:
                yield name, f"The layout shows the chart {uuid}, which is in no file of charts/."
        for native_filter in (document.get("metadata") or {}).get("native_filter_configuration") or []:
            for target in native_filter.get("targets") or []:
                uuid = str(target.get("datasetUuid"))
                if "datasetUuid" in target and uuid not in known["datasets"]:
                    title = native_filter.get("name", native_filter.get("id"))
                    yield name, f"The filter {title} reads the dataset {uuid}, which is in no file of datasets/."


def _rule_errors(rule: dict[str, Any], roles: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(rule.get("clause"), str) or not rule["clause"].strip():
        yield "The key `clause` is missing, or holds no SQL."
    yield from _role_errors(rule.get("exempt", []), roles, "exempt")


def _role_errors(roles: Any, known: tuple[str, ...], key: str = "_roles") -> Iterator[str]:
    if not isinstance(roles, list):
        yield f"`{key}` is not a list of roles."
        return
    for role in roles:
        if role not in known:
            yield f"The role {role} does not exist; there are {', '.join(known)}."


def _chart_places(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of the layout that show a chart."""
    position = dashboard.get("position")
    if not isinstance(position, dict):
        return []
    return [
        child
        for child in position.values()
        if isinstance(child, dict) and child.get("type") == "CHART" and "uuid" in child.get("meta", {})
    ]


def _number_places(dashboard: dict[str, Any]) -> None:
    """Superset maps the numbers in the file to its own; a place without a number would stop the import."""
    places = _chart_places(dashboard)
    taken = {child["meta"]["chartId"] for child in places if "chartId" in child["meta"]}
    free = (number for number in range(1, len(places) + len(taken) + 1) if number not in taken)
    numbers: dict[str, int] = {}
    for child in places:
        meta = child["meta"]
        if "chartId" not in meta:
            uuid = str(meta["uuid"])
            meta["chartId"] = numbers.setdefault(uuid, 0) or next(free)
            numbers[uuid] = meta["chartId"]
