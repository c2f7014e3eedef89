"""Courses, enrollments and people of an LMS, through the sinks of its own plugin, into what dashboards read."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from aspects.assets.superset_client import Filter
from aspects.lms.sink import find_service
from aspects.settings import ROOT
from aspects.stack import environments
from aspects.stack.services import PASSED_ON
from aspects.warehouse.query import query
from tests.conftest import Finished, Stack
from tests.integration.chart_data import Row, signed_in
from tests.integration.courses import Export
from tests.integration.test_end_to_end import post, statement

CMI = "http://adlnet.gov/expapi/activities/cmi.interaction"
COURSE = "http://adlnet.gov/expapi/activities/course"


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """A course that no other test knows."""
    return Export(tmp_path, f"Org{uuid4().hex[:8]}")


@pytest.fixture
def sink(stack: Stack) -> Callable[..., Finished]:
    def run(*words: str, **environment: str) -> Finished:
        return stack.inv("courses.sink", *words, "--json", **environment)

    return run


def rows(stack: Stack, statement: str, user: str = "report") -> list[tuple[Any, ...]]:
    return [tuple(row) for row in query(stack.settings, statement, user).rows]


def outline(stack: Stack, export: Export) -> list[tuple[Any, ...]]:
    """Each block with its place, as the dashboards show it."""
    return rows(
        stack,
        "select splitByChar('@', block_id)[-1], block_name, section, subsection, unit, graded != 0"
        f" from reporting.blocks where course_key = '{export.key}' order by position_in_course",
    )


def dumps(stack: Stack, export: Export) -> int:
    return int(
        rows(stack, f"select count() from event_sink.course_overviews where course_key = '{export.key}'", "sink")[0][0]
    )


def test_an_export_becomes_a_course_with_its_outline(
    stack: Stack, sink: Callable[..., Finished], export: Export
) -> None:
    done = sink(str(export.archive()))
    assert (done.status, done.json["written"], done.json["refused"]) == (0, 1, []), done
    assert outline(stack, export) == [
        ("course", "Birds of the World", 0, 0, 0, False),
        ("begin", "Beginning", 1, 0, 0, False),
        ("first", "First", 1, 1, 0, False),
        ("page", "A page", 1, 1, 1, False),
        ("text", "What a bird is", 1, 1, 1, False),
        ("song", "A song", 1, 1, 1, False),
        ("end", "End", 2, 0, 0, False),
        ("exam", "Exam", 2, 1, 0, True),
        ("questions", "Questions", 2, 1, 1, True),
        ("wings", "Wings", 2, 1, 1, True),
        ("eggs", "Eggs & nests", 2, 1, 1, True),
        ("faq", "faq", 0, 0, 0, False),
    ]
    facts = "select course_name, toString(toDate(course_start)), self_paced from reporting.courses"
    assert rows(stack, f"{facts} where course_key = '{export.key}'") == [("Birds of the World", "2026-01-01", True)]


def test_a_second_run_writes_nothing_and_a_republish_is_right_at_once(
    stack: Stack, sink: Callable[..., Finished], export: Export
) -> None:
    """Renamed, moved and deleted blocks; a course that lost a block keeps no trace of it in the outline."""
    assert sink(str(export.archive())).json["written"] == 1
    for source in (str(export.archive()), str(export.write())):
        again = sink(source).json
        assert (again["read"], again["unchanged"], again["written"], dumps(stack, export)) == (1, 1, 0, 1)

    export.files["chapter/begin.xml"] = export.files["chapter/begin.xml"].replace("Beginning", "Start")
    export.files["vertical/page.xml"] = '<vertical display_name="A page"><html url_name="text"/></vertical>'
    export.files["vertical/questions.xml"] = export.files["vertical/questions.xml"].replace(
        '<problem url_name="wings"/>', '<problem url_name="wings"/><video url_name="song"/>'
    )
    would = sink(str(export.archive()), "--dry-run").json
    assert (would["written"], dumps(stack, export)) == (1, 1)
    assert sink(str(export.archive())).json["written"] == 1
    found = {name: place for name, *place in outline(stack, export)}
    assert found["begin"][0] == "Start"
    assert found["song"] == ["A song", 2, 1, 1, True]
    assert len(found) == 12

    export.files["vertical/questions.xml"] = '<vertical display_name="Questions"><problem url_name="wings"/></vertical>'
    assert sink(str(export.archive())).json["written"] == 1
    assert {name for name, *_ in outline(stack, export)} == set(found) - {"song", "eggs"}
    assert sink(str(export.archive()), "--force").json["written"] == 1


def test_dashboards_show_the_names_places_and_grading_of_the_newest_publish(
    stack: Stack, sink: Callable[..., Finished], export: Export
) -> None:
    assert sink(str(export.archive())).json["written"] == 1
    answered = {
        "verb": {"id": "https://w3id.org/xapi/acrossx/verbs/evaluated"},
        "object": {"id": export.block("problem", "eggs"), "definition": {"type": CMI}},
        "result": {"success": True, "score": {"raw": 1, "min": 0, "max": 1, "scaled": 1}, "response": "two"},
        "context": {
            "contextActivities": {
                "parent": [{"id": f"http://localhost:18000/course/{export.key}", "definition": {"type": COURSE}}]
            }
        },
    }
    learner = {"account": {"homePage": "http://localhost:18000", "name": str(uuid4())}}
    sent = [statement(export.key, actor=learner), statement(export.key, actor=learner) | answered]
    assert post(stack, sent).status_code == 200
    assert stack.inv("warehouse.refresh").status == 0
    with signed_in(stack) as client:
        charts = {chart.title: chart for chart in client.charts("course-dashboard")}

        def shown(title: str) -> list[Row]:
            return client.data(charts[title], [Filter("course_key", "IN", [export.key])]).rows

        (course,) = shown("How are the chosen courses doing?")
        assert (course["course_name"], course["enrollees"]) == ("Birds of the World", 1)
        (problem,) = shown("How did learners do in each problem?")
        assert "2:1:1 - Eggs &amp; nests</a>" in problem["problem_link"]
        assert problem["graded"] == "Graded"

        policy = f"policies/{export.run}/policy.json"
        export.files[policy] = export.files[policy].replace("Birds of the World", "All Birds")
        export.files["chapter/end.xml"] = '<chapter display_name="End"/>'
        export.files["chapter/begin.xml"] = (
            '<chapter display_name="Beginning"><sequential url_name="exam"/><sequential url_name="first"/></chapter>'
        )
        assert sink(str(export.archive())).json["written"] == 1
        (course,) = shown("How are the chosen courses doing?")
        assert (course["course_name"], course["enrollees"]) == ("All Birds", 1)
        (problem,) = shown("How did learners do in each problem?")
        assert "1:1:1 - Eggs &amp; nests</a>" in problem["problem_link"]


def test_limit_and_since_mean_what_they_say(stack: Stack, sink: Callable[..., Finished], tmp_path: Path) -> None:
    exports = []
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        exports.append(Export(tmp_path / str(number), f"Org{uuid4().hex[:8]}"))
    sources = [str(each.archive()) for each in exports]
    first = sink(*sources, "--limit", "2").json
    assert (first["written"], first["left_by_limit"]) == (2, 1)
    second = sink(*sources, "--limit", "2").json
    assert (second["written"], second["unchanged"], second["left_by_limit"]) == (1, 2, 0)
    assert sink(*sources, "--force", "--since", "2100-01-01").json["older"] == 3


def test_tags_of_an_export_reach_the_course(stack: Stack, sink: Callable[..., Finished], export: Export) -> None:
    export.files["tags.csv"] = (
        f"Name,Type,ID,Subject,Level\nBirds,Course,{export.key},Biology;Zoology,Beginner\n"
        f"Wings,problem,{export.block('problem', 'wings')},Anatomy,\n"
    )
    assert sink(str(export.archive())).status == 0
    tags = f"select taxonomy, tag from reporting.course_tags where course_key = '{export.key}' order by all"
    assert rows(stack, tags) == [("Level", "Beginner"), ("Subject", "Biology"), ("Subject", "Zoology")]
    assert sink(str(export.archive())).json["written"] == 0


# What comes from outside


def tar_with(target: Path, *members: tarfile.TarInfo, content: bytes = b"") -> Path:
    with tarfile.open(target, "w:gz") as archive:
        for member in members:
            member.size = len(content) if member.isfile() else 0
            archive.addfile(member, io.BytesIO(content))
    return target


def linked(name: str, to: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, to
    return member


def zipped(target: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return target


HOSTILE: dict[str, tuple[Callable[[Export], Path], str]] = {
    "cut off": (
        lambda export: _written(export.folder / "cut.tar.gz", export.archive().read_bytes()[:-200]),
        "cannot be read",
    ),
    "cut between two files": (lambda export: _cut_before_the_last_file(export.archive()), "cut off"),
    "no archive": (lambda export: _written(export.folder / "a.tar.gz", b"hello"), "cannot be read"),
    "leads out": (
        lambda export: tar_with(export.folder / "a.tar.gz", tarfile.TarInfo("../course.xml"), content=b"<course/>"),
        "leads out",
    ),
    "absolute": (
        lambda export: tar_with(export.folder / "a.tar.gz", tarfile.TarInfo("/course.xml"), content=b"<course/>"),
        "leads out",
    ),
    "a link": (lambda export: tar_with(export.folder / "a.tar.gz", linked("course/a.xml", "/etc/passwd")), "is a link"),
    "a bomb": (
        lambda export: zipped(export.folder / "a.zip", {f"a{n}.xml": "\0" * 400_000_000 for n in range(6)}),
        "unpacks to more",
    ),
    "another archive": (lambda export: zipped(export.folder / "a.zip", {"readme.txt": "hello"}), "no course.xml"),
    "no section": (lambda export: _with(export, f"course/{export.run}.xml", "<course/>"), "has no section"),
    "no key": (lambda export: _with(export, "course.xml", '<course url_name="a b" org="x"/>'), "names no course"),
    "broken XML": (lambda export: _with(export, "chapter/end.xml", "<chapter>"), "chapter/end.xml cannot be read"),
    "entities": (
        lambda export: _with(export, "chapter/end.xml", '<!DOCTYPE a [<!ENTITY b "c">]><chapter>&b;</chapter>'),
        "cannot be read",
    ),
    "a missing file": (lambda export: _without(export, "sequential/exam.xml"), "sequential/exam.xml is missing"),
    "a name that leads out": (
        lambda export: _with(
            export, "chapter/end.xml", '<chapter display_name="E"><sequential url_name="../a"/></chapter>'
        ),
        "is no name",
    ),
    "a circle": (
        lambda export: _with(export, "vertical/page.xml", '<vertical><vertical url_name="page"/></vertical>'),
        "twice",
    ),
    "no date": (
        lambda export: _with(
            export, f"policies/{export.run}/policy.json", json.dumps({f"course/{export.run}": {"start": "soon"}})
        ),
        "is no time",
    ),
}


def _written(target: Path, content: bytes) -> Path:
    target.write_bytes(content)
    return target


def _cut_before_the_last_file(archive: Path) -> Path:
    with tarfile.open(archive) as whole:
        last = whole.getmembers()[-1].offset
    return _written(archive.with_name("between.tar"), gzip.decompress(archive.read_bytes())[:last])


def _with(export: Export, name: str, text: str) -> Path:
    export.files[name] = text
    return export.archive()


def _without(export: Export, name: str) -> Path:
    del export.files[name]
    return export.archive()


def test_a_bad_export_is_refused_with_its_reason_and_the_others_are_written(
    stack: Stack, sink: Callable[..., Finished], tmp_path: Path
) -> None:
    sources, says = [], []
    for number, (make, why) in enumerate(HOSTILE.values()):
        (tmp_path / str(number)).mkdir()
        sources.append(str(make(Export(tmp_path / str(number), f"Org{uuid4().hex[:8]}"))))
        says.append(why)
    good = Export(tmp_path, f"Org{uuid4().hex[:8]}")
    done = sink(*sources, str(good.archive()))
    assert (done.status, done.json["read"], done.json["written"]) == (1, len(HOSTILE) + 1, 1)
    refused = {each["file"]: each["why"] for each in done.json["refused"]}
    assert [source for source, why in zip(sources, says, strict=True) if why not in refused.get(source, "")] == [], (
        refused
    )
    assert len(outline(stack, good)) == 12


# Rows of the LMS's tables


def test_enrollments_come_from_csv_and_a_bad_row_is_named(
    stack: Stack, sink: Callable[..., Finished], export: Export
) -> None:
    file = export.folder / "enrollments.csv"
    header = "id,course_key,created,is_active,mode,username,user_id"
    number = uuid4().int % 10**12
    lines = [
        f"{number},{export.key},2026-01-02 03:04:05+00:00,1,audit,ada,7",
        f"{number + 1},{export.key},yesterday,1,audit,ben,8",
        f"{number + 2},{export.key},2026-01-02 03:04:05+00:00,0,verified,cyd,9",
        f"{number + 3},{export.key}",
    ]
    file.write_text("\n".join([header, *lines]) + "\n")
    done = sink(str(file), "--object", "course_enrollment")
    assert (done.status, done.json["written"]) == (1, 2)
    assert [(each["line"], each["why"].split(":")[0]) for each in done.json["refused"]] == [
        (3, "created"),
        (5, "has 2 values for 7 columns"),
    ]
    stored = "select username, is_active, mode from event_sink.course_enrollment"
    found = rows(stack, f"{stored} where course_key = '{export.key}' order by 1", "sink")
    assert found == [("ada", True, "audit"), ("cyd", False, "verified")]
    lines[0] = lines[0].replace("audit", "verified")
    file.write_text("\n".join([header, lines[0], lines[2]]) + "\n")
    again = sink(str(file), "--object", "course_enrollment").json
    assert (again["written"], again["unchanged"], again["refused"]) == (1, 1, [])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("no-such.tar.gz",), "There is no no-such.tar.gz"),
        (("{file}", "--object", "grades"), "There is no object 'grades'"),
        (("{file}", "--object", "user_profile"), "personal data, which is off"),
        (("{file}", "--object", "tag", "--since", "soon"), "is no moment"),
        (("{file}", "--object", "tag", "--limit", "-1"), "limit"),
    ],
)
def test_what_cannot_be_done_says_why(
    sink: Callable[..., Finished], tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("id\n")
    done = sink(*(word.replace("{file}", str(file)) for word in words))
    assert done.status == 2
    assert says in done.json["error"]["message"]


def test_a_file_of_other_columns_is_refused_as_a_whole(sink: Callable[..., Finished], tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(f"id,name\n{uuid4().int % 10**12},Subject\n")
    assert sink(str(file), "--object", "taxonomy").json["written"] == 1
    done = sink(str(file), "--object", "tag")
    assert (done.status, done.json["read"]) == (1, 0)
    assert "the columns taxonomy, value are missing" in done.json["refused"][0]["why"]


def test_people_are_written_where_personal_data_is_on(
    stack: Stack, sink: Callable[..., Finished], tmp_path: Path
) -> None:
    number = uuid4().int % 10**12
    people, ids = tmp_path / "people.jsonl", tmp_path / "ids.jsonl"
    people.write_text(
        json.dumps({"id": number, "user_id": number, "name": "Ada", "username": "ada", "email": "ada@example.org"})
        + "\n"
    )
    external = str(uuid4())
    ids.write_text(
        json.dumps({"external_user_id": external, "external_id_type": "xapi", "username": "ada", "user_id": number})
    )
    for file, kind in ((people, "user_profile"), (ids, "external_id")):
        for written in (1, 0):
            done = sink(str(file), "--object", kind, ASPECTS_PII="true")
            assert (done.status, done.json["written"]) == (0, written), done
    assert rows(stack, f"select name, email from event_sink.user_profile where user_id = {number}", "sink") == [
        ("Ada", "ada@example.org")
    ]
    found = f"select toString(external_user_id) from event_sink.external_id where user_id = {number}"
    assert rows(stack, found, "sink") == [(external,)]


# As a live LMS does


LIVE = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
import logging, sys
from django.contrib.auth.models import User
from django.utils import timezone
from pathlib import Path
from course_sink.models import CourseEnrollment, CourseOverview, UserProfile
from course_sink.modulestore import modulestore
from course_sink.olx import read_course
from platform_plugin_aspects.sinks import CourseEnrollmentSink, CourseOverviewSink, UserProfileSink, UserRetirementSink
number, course_key = int(sys.argv[1]), sys.argv[2]
user = User.objects.create(id=number, username=f"user{number}", email=f"user{number}@example.org")
profile = UserProfile.objects.create(id=number, user=user, name="Live Learner")
enrollment = CourseEnrollment.objects.create(
    id=number, user=user, course_id=course_key, created=timezone.now(), is_active=True, mode="audit")
log = logging.getLogger()
UserProfileSink({}, log).dump(profile.id)
CourseEnrollmentSink({}, log).dump(enrollment.id)
if "publish" in sys.argv:
    course = read_course(Path(sys.argv[-1]))
    modulestore().add(course)
    CourseOverview.objects.create(id=str(course.key), org=course.key.org, **course.facts)
    CourseOverviewSink({}, log).dump(str(course.key))
if "retire" in sys.argv:
    UserRetirementSink({}, log).dump(str(number))  # as its receiver of the retirement signal does
"""


def live_lms(stack: Stack, tmp_path: Path, *words: str) -> None:
    """The plugin's own classes in a small Django project with a database: rows are saved, and dumped by their ids."""
    service = find_service(stack.settings)
    if not environments.is_installed(service, stack.settings):
        environments.install(service, stack.settings)
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ} | {
        name: service.render(value, stack.settings, stack.secrets) for name, value in service.environment.items()
    }
    environment["COURSE_SINK_DATABASE"] = str(tmp_path / "lms.sqlite")
    python = stack.settings.envs / "course_sink" / "bin" / "python"
    subprocess.run([str(python), "-c", LIVE, *words], cwd=ROOT, env=environment, check=True, capture_output=True)
    # The stack does so by itself, every two seconds.
    assert stack.inv("warehouse.refresh").status == 0


def test_the_plugin_of_a_live_lms_writes_as_the_user_of_the_sinks(stack: Stack, tmp_path: Path, export: Export) -> None:
    number = uuid4().int % 10**12
    live_lms(stack, tmp_path, str(number), export.key, "publish", str(export.write()))
    enrolled = f"select username, mode, is_active from event_sink.course_enrollment where id = {number}"
    assert rows(stack, enrolled, "sink") == [(f"user{number}", "audit", True)]
    assert rows(stack, f"select name from event_sink.user_profile where id = {number}", "sink") == [("Live Learner",)]
    assert ("exam", "Exam", 2, 1, 0, True) in outline(stack, export)
    assert post(stack, statement(export.key)).status_code == 200
    with signed_in(stack) as client:
        (chart,) = [
            one for one in client.charts("course-dashboard") if one.title == "How are the chosen courses doing?"
        ]
        (course,) = client.data(chart, [Filter("course_key", "IN", [export.key])]).rows
    assert (course["course_name"], course["enrollees"]) == ("Birds of the World", 1)
