"""Dashboards in other languages: catalogues of messages, and copies of the assets with stable ids.

A catalogue is `locale/<locale>.po` in the folder of assets, in gettext's format. A message without a translation
stays English.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, read_po, write_po

from aspects.assets.source import Assets, Item
from aspects.assets.words import reworded, words
from aspects.errors import AspectsError

_FIXED_TIME = datetime(2026, 1, 1, tzinfo=UTC)
"""In the header of every catalogue, so that it changes only when its messages do."""
LOCALES = ("ar", "de", "es", "es_419", "fr", "fr_CA", "pt_BR", "zh", "zh_CN", "zh_Hans", "zh_TW")
"""Languages that copies may have been made in, whether there is a catalogue now or not."""
_COPIED = ("datasets", "charts", "dashboards")
_REFERENCES = ("uuid", "dataset_uuid", "datasetUuid")
_LINK = re.compile(r"\]\(([^)]*)\)|(https?://[^\s)]+)|`([^`]+)`")
_RIGHT_TO_LEFT = """.dashboard { direction: rtl; }
.grid-row > :not(:last-child):not(.hover-menu-container) { margin-right: 0 !important; margin-left: 16px; }
"""


@dataclass(frozen=True)
class Coverage:
    """How much of a catalogue is there: messages in all, those without a translation, those whose links or code differ
    from the English ones, and those that no asset has any more."""

    locale: str
    messages: int
    missing: tuple[str, ...]
    broken: tuple[str, ...]
    obsolete: tuple[str, ...]


def locale_folder(assets_folder: Path) -> Path:
    return assets_folder / "locale"


def locales(assets_folder: Path) -> list[str]:
    """The locales that have a catalogue."""
    return sorted(path.stem for path in locale_folder(assets_folder).glob("*.po"))


def messages(assets: Assets) -> dict[str, str]:
    """Every text that readers see, in the order of the files, and the first file that it stands in."""
    found: dict[str, str] = {}
    for item in assets.items:
        for _, text in words(item.kind, item.data):
            found.setdefault(text, item.file)
    return found


def read_catalogue(assets_folder: Path, locale: str) -> Catalog:
    """The catalogue of a locale; AspectsError (`assets.locale`) when there is none or it cannot be read."""
    file = locale_folder(assets_folder) / f"{locale}.po"
    if not file.exists():
        there = ", ".join(locales(assets_folder)) or "none"
        raise AspectsError(
            f"There is no catalogue of messages for {locale!r}.",
            why=f"{file.name} is not in {file.parent}; catalogues: {there}.",
            fix=f"Begin one: ./inv assets.translate --locale {locale}",
            code="assets.locale",
            status=2,
        )
    try:
        return read_po(BytesIO(file.read_bytes()), locale=locale, abort_invalid=True)
    except (PoFileError, UnicodeDecodeError) as error:
        raise AspectsError(
            f"The catalogue {file.name} cannot be read.",
            why=str(error),
            fix="Correct the line in the file; gettext's msgfmt --check names it too.",
            code="assets.locale",
        ) from error


def updated_catalogue(assets: Assets, locale: str) -> Catalog:
    """The catalogue with exactly the messages that the assets have now; translations that fit are kept.

    Raises AspectsError (`assets.locale`) for a locale that does not exist, and for a catalogue that cannot be read.
    """
    _known(locale)
    there = (locale_folder(assets.folder) / f"{locale}.po").exists()
    kept = translations(read_catalogue(assets.folder, locale)) if there else {}
    catalogue = Catalog(
        locale=locale,
        header_comment=f"# The dashboards' texts in {Locale.parse(locale).english_name}.",
        project="Aspects dashboards",
        version="1",
        msgid_bugs_address="the issues of the project",
        last_translator="Aspects",
        language_team=locale,
        creation_date=_FIXED_TIME,
        revision_date=_FIXED_TIME,
        fuzzy=False,
    )
    for text, file in messages(assets).items():
        catalogue.add(text, kept.get(text, ""), locations=[(file, 0)])
    return catalogue


def written(catalogue: Catalog) -> bytes:
    """The text of a catalogue, the same for the same messages."""
    stream = BytesIO()
    write_po(stream, catalogue, width=120, include_lineno=False, ignore_obsolete=True)
    return stream.getvalue()


def translations(catalogue: Catalog) -> dict[str, str]:
    """English message to its translation, where there is one that nobody has marked as doubtful."""
    return {
        str(message.id): str(message.string)
        for message in catalogue
        if message.id and message.string and not message.fuzzy
    }


def coverage(assets: Assets, locale: str) -> Coverage:
    """What the catalogue of a locale lacks; raises what `read_catalogue` raises."""
    wanted = messages(assets)
    there = translations(read_catalogue(assets.folder, locale))
    return Coverage(
        locale,
        len(wanted),
        tuple(text for text in wanted if text not in there),
        tuple(text for text in wanted if text in there and _fixed_parts(text) != _fixed_parts(there[text])),
        tuple(text for text in there if text not in wanted),
    )


def translated(assets: Assets, locale: str) -> Assets:
    """Copies of all datasets, charts and dashboards in a locale. Their ids follow from the originals' and the locale,
    so that a copy keeps its address, its favourites and its links. Databases are shared.

    Raises what `read_catalogue` raises.
    """
    there = translations(read_catalogue(assets.folder, locale))
    originals = {item.uuid for item in assets.items if item.kind in _COPIED}
    values = frozenset(value for _, dataset in assets.datasets() for value in dataset.values)
    items = [
        _copy(item, locale, lambda text: there.get(text, text), originals, values) if item.kind in _COPIED else item
        for item in assets.items
    ]
    return Assets(assets.folder, items)


def uuid_in(uuid: str, locale: str) -> str:
    """The id of an asset's copy in a locale."""
    return str(uuid5(UUID(uuid), locale))


def copies(uuid: str, assets_folder: Path) -> dict[str, str]:
    """The ids of an asset's copies in every language that there may be copies in, by locale."""
    return {locale: uuid_in(uuid, locale) for locale in {*LOCALES, *locales(assets_folder)}}


def sql_text(value: str) -> str:
    """The value as a text in SQL."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _copy(
    item: Item, locale: str, translate: Callable[[str], str], originals: set[str], values: frozenset[str]
) -> Item:
    data = _with_own_ids(reworded(item.kind, item.data, translate), locale, originals)
    if item.kind == "datasets":
        data["table_name"] = f"{data['table_name']} [{locale}]"
        for english in item.data.get("_values") or []:
            data["sql"] = data["sql"].replace(sql_text(english), sql_text(translate(english)))
    if item.kind == "dashboards":
        metadata = data.get("metadata") or {}
        if colors := metadata.get("label_colors"):
            colors = {translate(label) if label in values else label: color for label, color in colors.items()}
            data["metadata"] = {**metadata, "label_colors": colors}
        if data.get("slug"):
            data["slug"] = f"{data['slug']}-{locale}"
        if data.get("_embedded"):
            data["_embedded"] = uuid_in(data["_embedded"], locale)
        if Locale.parse(locale).text_direction == "rtl":
            data["css"] = f"{data.get('css') or ''}\n{_RIGHT_TO_LEFT}".lstrip()
    kind, _, rest = item.file.partition("/")
    return replace(item, file=f"{kind}/{locale}/{rest}", parsed=replace(item.parsed, value=data))


def _with_own_ids(tree: Any, locale: str, originals: set[str]) -> Any:
    """The tree with each id of a copied asset replaced by that of its copy."""
    if isinstance(tree, Mapping):
        return {
            key: uuid_in(value, locale)
            if key in _REFERENCES and isinstance(value, str) and value.lower() in originals
            else _with_own_ids(value, locale, originals)
            for key, value in tree.items()
        }
    if isinstance(tree, list):
        return [_with_own_ids(value, locale, originals) for value in tree]
    return tree


def _fixed_parts(text: str) -> list[str]:
    """Links and code, which are the same in every language."""
    return sorted("".join(found.groups(default="")) for found in _LINK.finditer(text))


def _known(locale: str) -> None:
    try:
        Locale.parse(locale)
    except (ValueError, UnknownLocaleError) as error:
        raise AspectsError(
            f"There is no locale {locale!r}.",
            why=str(error),
            fix="Use a code such as es, fr, pt_BR or zh.",
            code="assets.locale",
            status=2,
        ) from error


def update(assets: Assets, locale: str) -> None:
    """Write the catalogue of a locale anew; raises what `updated_catalogue` raises."""
    catalogue = written(updated_catalogue(assets, locale))
    folder = locale_folder(assets.folder)
    folder.mkdir(exist_ok=True)
    (folder / f"{locale}.po").write_bytes(catalogue)
