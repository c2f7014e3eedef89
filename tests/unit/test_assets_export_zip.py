"""A zip file from outside: read with care, or refused with words that help."""

from __future__ import annotations

import io
import stat
import zipfile

import pytest
import yaml

from aspects.assets import export_zip
from aspects.assets.export_zip import read_export
from aspects.errors import AspectsError

CHART = {
    "version": "1.0.0",
    "uuid": "11111111-0000-4000-8000-000000000003",
    "dataset_uuid": "11111111-0000-4000-8000-000000000002",
    "slice_name": "Learners",
    "viz_type": "table",
    "params": {},
}


def zipped(files: dict[str, str | bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return target.getvalue()


def test_an_export_is_read() -> None:
    content = zipped({"export/charts/learners.yaml": yaml.safe_dump(CHART), "export/metadata.yaml": "version: 1.0.0"})

    (asset,) = read_export(content, "x.zip")

    assert (asset.kind, asset.uuid) == ("charts", CHART["uuid"])
    assert asset.document == CHART


def linked() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        entry = zipfile.ZipInfo("e/charts/a.yaml")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    return target.getvalue()


LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{name}: &{name} [*{before}, *{before}, *{before}, *{before}]\n"
    for before, name in zip("abcdefghijklm", "bcdefghijklmn", strict=True)
)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"no zip", "no zip file"),
        (b"", "no zip file"),
        (zipped({"e/charts/a.yaml": yaml.safe_dump(CHART)})[:80], "no zip file"),
        (zipped({"readme.txt": "hello"}), "holds no YAML files"),
        (zipped({"../charts/a.yaml": "a: 1"}), "leads out"),
        (zipped({"/etc/charts/a.yaml": "a: 1"}), "leads out"),
        (zipped({"e\\..\\charts\\a.yaml": "a: 1"}), "leads out"),
        (zipped({"C:/charts/a.yaml": "a: 1"}), "leads out"),
        (linked(), "is a link"),
        (zipped({"e/charts/a.yaml": b"\xff\xfe"}), "cannot be read"),
        (zipped({"e/charts/a.yaml": "- 1"}), "does not hold a mapping"),
        (zipped({"e/charts/a.yaml": "a: !!python/object/apply:os.system [true]"}), "could not determine a constructor"),
        (zipped({"e/charts/a.yaml": LAUGHS}), "holds more than"),
        (zipped({"e/charts/a.yaml": "a: ["}), "e/charts/a.yaml:"),
        (zipped({"e/charts/a.yaml": yaml.safe_dump({**CHART, "uuid": "../../x"})}), "uuid"),
        (
            zipped({"e/charts/a.yaml": yaml.safe_dump(CHART), "e/charts/b.yaml": yaml.safe_dump(CHART)}),
            "another file has the uuid",
        ),
        (zipped({"e/charts/a.yaml": "a" * (export_zip.MOST_BYTES + 1)}), "is larger than 5 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "content",  # an archive holds the time
)
def test_what_cannot_be_an_export_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(AspectsError) as raised:
        read_export(content, "x.zip")

    assert raised.value.code == "assets.zip"
    assert says in raised.value.why


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_zip, "MOST_BYTES_TOGETHER", 1000)
    with pytest.raises(AspectsError, match="no export"):
        read_export(zipped({"e/charts/a.yaml": "a" * 2000}), "x.zip")
    monkeypatch.setattr(export_zip, "MOST_FILES", 1)
    with pytest.raises(AspectsError, match="no export"):
        read_export(zipped({"e/charts/a.yaml": "a", "e/charts/b.yaml": "a"}), "x.zip")
