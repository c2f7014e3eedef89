"""Who may see which courses, and the SQL that it becomes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aspects.access import people
from aspects.errors import AspectsError
from aspects.settings import ROOT

sys.path.insert(0, str(ROOT / "services" / "superset"))
from superset_boot.course_access import EVERYTHING, NOTHING, Access, FileSource, access_of, guest_access, named

HELLO = "course-v1:MyOrg+Hello101+2026"


def test_a_list_of_courses_and_organizations_becomes_a_condition() -> None:
    access = named([HELLO, "MyOrg/Old/1", "OtherOrg", "ccx-v1:A+B+C+ccx@1"])

    assert access.organizations == {"OtherOrg"}
    assert access.sql() == (
        "(course_key in ('MyOrg/Old/1', 'ccx-v1:A+B+C+ccx@1', 'course-v1:MyOrg+Hello101+2026') or org in ('OtherOrg'))"
    )
    assert named(["*"]) == EVERYTHING
    assert EVERYTHING.sql() == "1 = 1"
    assert NOTHING.sql() == named([]).sql() == "1 = 0"


@pytest.mark.parametrize(
    "key",
    [
        "course-v1:O'Neil+A+B",
        "course-v1:A+B+C') or ('1' = '1",
        "course-v1:A+B+C\\",
        "course-v1:A+B+{{ 1 }}",
        "course-v1:A+B+C\n",
        "course-v1:A+B+%s",
        "course-v1:A+B+C+D",
        "Org'",
        "**",
        "",
        None,
    ],
)
def test_what_no_key_can_be_gives_nothing(key: object) -> None:
    assert named([key]) in (NOTHING, Access(organizations=frozenset({"None"})))
    assert guest_access([{"clause": f"course_key = '{key}'"}]) == NOTHING


def test_a_guest_sees_the_course_that_the_token_names() -> None:
    assert guest_access([{"clause": f"course_key = '{HELLO}'"}]).courses == {HELLO}
    for clause in (f"course_key = '{HELLO}' or 1 = 1", f"course_key != '{HELLO}'", "1 = 1", "", None):
        assert guest_access([{"clause": clause}]) == NOTHING
    assert guest_access([{"clause": f"course_key = '{HELLO}'", "dataset": 3}]) == NOTHING, (
        "that is for one dataset only"
    )
    assert guest_access([]) == NOTHING


def test_the_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "course_access.yaml"
    source = FileSource(file)
    assert source.of("ada") == NOTHING

    people.give(file, "ada", [HELLO])
    people.give(file, "grace", ["*"])
    assert (source.of("ada").courses, source.of("grace"), source.of("Ada")) == ({HELLO}, EVERYTHING, NOTHING)

    people.give(file, "ada", [])
    assert (source.of("ada"), source.of("grace")) == (NOTHING, EVERYTHING)
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["ada: [", "- ada", "ada: 5", "ada: {a: b", "\x00"])
def test_a_file_that_makes_no_sense_gives_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "course_access.yaml"
    file.write_text(text)

    assert access_of(FileSource(file), "ada") == NOTHING


def test_a_broken_file_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "course_access.yaml"
    file.write_text("ada: [")

    with pytest.raises(AspectsError) as wrong:
        people.give(file, "ada", [HELLO])
    assert wrong.value.code == "access.file"
    assert file.read_text() == "ada: ["
