"""Catalogues of messages, and the copies of dashboards in other languages."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from aspects.assets.render import load_here, render_bundle
from aspects.assets.source import Assets, load_assets
from aspects.assets.translate import coverage, locale_folder, messages, update, uuid_in
from aspects.assets.words import reworded, words
from aspects.errors import AspectsError
from aspects.settings import ROOT, Settings
from tests.unit.test_assets_render import DATABASE, DATASET, SECRETS, read

CHART = """
version: 1.0.0
uuid: 11111111-0000-4000-8000-000000000003
dataset_uuid: 11111111-0000-4000-8000-000000000002
slice_name: How many?
description: Everyone.
viz_type: echarts_timeseries_bar
params: {x_axis: one, metrics: [count], groupby: [], y_axis_title: Learners}
"""
DASHBOARD = """
version: 1.0.0
uuid: 11111111-0000-4000-8000-000000000004
dashboard_title: Learners
slug: learners
_roles: [Instructor]
_layout:
- tabs:
  - tab: Overview
    content:
    - row:
      - {chart: how-many, width: 6, height: 20, title: How many now?}
      - {markdown: "See [the guide](https://example.org/guide).", width: 6, height: 20}
metadata:
  native_filter_configuration:
  - id: NATIVE_FILTER-one
    name: Organization
    filterType: filter_select
    targets: [{column: {name: one}, datasetUuid: 11111111-0000-4000-8000-000000000002}]
    scope: {excluded: [how-many]}
"""
TEXTS = {
    "Learners": "Estudiantes",
    "How many?": "¿Cuántos?",
    "How many now?": "¿Cuántos ahora?",
    "Overview": "Resumen",
    "Organization": "Organización",
    "Everyone.": "Todos.",
    "Learners.": "Estudiantes.",
    "See [the guide](https://example.org/guide).": "Vea [la guía](https://example.org/guide).",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "databases/warehouse.yaml": DATABASE,
        "datasets/learners.yaml": DATASET,
        "charts/how-many.yaml": CHART,
        "dashboards/learners.yaml": DASHBOARD,
        "queries/learners.sql": "select 1 as one\n",
    }
    for name, text in files.items():
        path = tmp_path / "assets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "assets"


def load(folder: Path) -> Assets:
    return load_assets(folder, {"settings": Settings(), "secrets": SECRETS})


def fill_in(folder: Path, locale: str, texts: dict[str, str]) -> None:
    """What a translator does: an `msgstr` behind each `msgid`."""
    file = locale_folder(folder) / f"{locale}.po"
    content = file.read_text()
    for english, translation in texts.items():
        content = content.replace(f'msgid "{english}"\nmsgstr ""', f'msgid "{english}"\nmsgstr "{translation}"')
    file.write_text(content)


def test_every_text_that_readers_see_is_a_message_once(folder: Path) -> None:
    found = messages(load(folder))
    assert set(found) == set(TEXTS)
    assert found["Learners"] == "charts/how-many.yaml"


def test_a_catalogue_keeps_its_translations_when_the_assets_change(folder: Path) -> None:
    update(load(folder), "es")
    fill_in(folder, "es", TEXTS)
    assert coverage(load(folder), "es").missing == ()
    first = (locale_folder(folder) / "es.po").read_bytes()
    update(load(folder), "es")
    assert (locale_folder(folder) / "es.po").read_bytes() == first  # the same messages, the same bytes
    chart = folder / "charts" / "how-many.yaml"
    chart.write_text(chart.read_text().replace("Everyone.", "Everyone who is enrolled."))
    stale = coverage(load(folder), "es")
    assert (stale.missing, stale.obsolete) == (("Everyone who is enrolled.",), ("Everyone.",))
    update(load(folder), "es")
    now = coverage(load(folder), "es")
    assert (now.missing, now.obsolete) == (("Everyone who is enrolled.",), ())


def test_a_translation_that_lost_a_link_is_found(folder: Path) -> None:
    update(load(folder), "es")
    fill_in(folder, "es", TEXTS | {"See [the guide](https://example.org/guide).": "Vea la guía."})
    assert coverage(load(folder), "es").broken == ("See [the guide](https://example.org/guide).",)


def rendered(folder: Path, tmp_path: Path, *locales: str) -> Path:
    settings = Settings(state=tmp_path / "state", locales=locales)
    return render_bundle(settings, SECRETS, tmp_path / "bundle", folder).folder


def test_a_copy_has_its_own_stable_ids_and_points_at_copies(folder: Path, tmp_path: Path) -> None:
    update(load(folder), "es")
    fill_in(folder, "es", TEXTS)
    bundle = rendered(folder, tmp_path, "es")
    dataset = read(bundle / "datasets" / "es" / "learners.yaml")
    chart = read(bundle / "charts" / "es" / "how-many.yaml")
    dashboard = read(bundle / "dashboards" / "es" / "learners.yaml")
    assert dataset["uuid"] == uuid_in("11111111-0000-4000-8000-000000000002", "es")
    assert dataset["database_uuid"] == "11111111-0000-4000-8000-000000000001"  # the connection is shared
    assert chart["dataset_uuid"] == dataset["uuid"]
    assert (chart["slice_name"], chart["params"]["y_axis_title"]) == ("¿Cuántos?", "Estudiantes")
    assert (dashboard["slug"], dashboard["_roles"]) == ("learners-es", ["Instructor"])
    placed = dashboard["position"]["CHART-how-many"]["meta"]
    assert (placed["uuid"], placed["sliceNameOverride"]) == (chart["uuid"], "¿Cuántos ahora?")
    only = dashboard["metadata"]["native_filter_configuration"][0]
    assert (only["name"], only["targets"][0]["datasetUuid"]) == ("Organización", dataset["uuid"])
    assert only["scope"]["excluded"] == [placed["chartId"]]
    original = read(bundle / "dashboards" / "learners.yaml")
    assert (original["slug"], original["dashboard_title"]) == ("learners", "Learners")


def test_words_in_the_sql_are_translated_with_their_colors(folder: Path, tmp_path: Path) -> None:
    (folder / "queries/learners.sql").write_text("select 'Late' as one, 'late' as two\n")
    (folder / "datasets/learners.yaml").write_text(f"{DATASET}_values: [Late]\n")
    (folder / "dashboards/learners.yaml").write_text(
        f"{DASHBOARD}  label_colors: {{Late: '#000000', one: '#FFFFFF'}}\n"
    )
    update(load(folder), "fr")
    fill_in(folder, "fr", {"Late": "Aujourd'hui"})

    bundle = rendered(folder, tmp_path, "fr")

    dataset = read(bundle / "datasets" / "fr" / "learners.yaml")
    assert dataset["sql"].strip() == "select 'Aujourd''hui' as one, 'late' as two"
    colors = read(bundle / "dashboards" / "fr" / "learners.yaml")["metadata"]["label_colors"]
    assert colors == {"Aujourd'hui": "#000000", "one": "#FFFFFF"}


def test_what_has_no_translation_stays_english(folder: Path, tmp_path: Path) -> None:
    update(load(folder), "fr")
    bundle = rendered(folder, tmp_path, "fr")
    assert read(bundle / "charts" / "fr" / "how-many.yaml")["slice_name"] == "How many?"


def test_arabic_is_laid_out_from_right_to_left(folder: Path, tmp_path: Path) -> None:
    update(load(folder), "ar")
    bundle = rendered(folder, tmp_path, "ar")
    assert "direction: rtl" in read(bundle / "dashboards" / "ar" / "learners.yaml")["css"]


def test_a_language_without_a_catalogue_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(AspectsError, match="catalogue") as refused:
        rendered(folder, tmp_path, "es")
    assert "assets.translate --locale es" in refused.value.fix
    with pytest.raises(AspectsError, match="no locale 'klingon'"):
        update(load(folder), "klingon")


def test_a_damaged_catalogue_is_refused_by_name(folder: Path, tmp_path: Path) -> None:
    locale_folder(folder).mkdir()
    (locale_folder(folder) / "es.po").write_text('msgid "Learners"\nnonsense\n')
    with pytest.raises(AspectsError, match=r"es\.po cannot be read"):
        rendered(folder, tmp_path, "es")


def test_words_are_found_in_superset_s_own_positions_too() -> None:
    node: dict[str, Any] = {"type": "MARKDOWN", "meta": {"code": "Hello", "width": 4}}
    dashboard = {"dashboard_title": "One", "position": {"DASHBOARD_VERSION_KEY": "v2", "M": node}}
    assert [text for _, text in words("dashboards", dashboard)] == ["One", "Hello"]
    changed = reworded("dashboards", dashboard, str.upper)
    assert changed["position"]["M"]["meta"] == {"code": "HELLO", "width": 4}
    assert node["meta"]["code"] == "Hello"


def test_the_catalogues_of_this_repository_are_up_to_date(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "assets", tmp_path / "assets")
    assets = load_here(Settings(root=tmp_path, state=tmp_path / "state"))
    for path in locale_folder(ROOT / "assets").glob("*.po"):
        found = coverage(assets, path.stem)
        assert (found.missing, found.broken, found.obsolete) == ((), (), ())


def test_settings_name_languages_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASPECTS_LOCALES", "es, fr")
    assert Settings().locales == ("es", "fr")
    assert yaml.safe_load(Settings().model_dump_json())["locales"] == ["es", "fr"]
