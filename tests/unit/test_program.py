"""The command line: many values, unknown names, help."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from aspects.settings import ROOT
from aspects.tasks.base import task


def inv(*words: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "inv"), *words],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_list_reads_as_prose() -> None:
    listing = inv("--list").stdout
    assert "Start the stack, and show where everything is." in listing


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([str(ROOT / "inv"), "--list"], stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_works_from_any_folder_and_through_a_link(tmp_path: Path) -> None:
    link = tmp_path / "bin" / "inv"
    link.parent.mkdir()
    link.symlink_to(ROOT / "inv")
    done = subprocess.run([str(link), "--list"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "dev.up" in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["dev.staus"], "Did you mean dev.status"),
        (["nonsense"], "./inv --list"),
        (["dev.up", "--no-such-option"], "There is no option --no-such-option"),
        (["dev.up", "--engine", "magic"], "There is no engine 'magic'"),
        (["dev.logs", "--lines", "many"], "'many' is no whole number"),
        (["dev.logs", "nosuch"], "There is no service 'nosuch'"),
    ],
)
def test_a_wrong_word_is_explained(words: list[str], says: str) -> None:
    done = inv(*words)
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_is_named() -> None:
    done = inv("dev.status", ASPECTS_RALPH_PORT="70000")
    assert done.returncode == 2
    assert "ASPECTS_RALPH_PORT='70000'" in done.stderr


def test_an_error_is_one_json_object_for_machines() -> None:
    done = inv("dev.status", "--json", ASPECTS_RALPH_PORT="x")
    assert json.loads(done.stdout)["error"]["code"] == "settings.invalid"


def test_debug_shows_where_an_error_came_from() -> None:
    assert "Traceback" in inv("dev.logs", "nosuch", "--debug").stderr


def test_every_command_and_option_has_help() -> None:
    from tasks import namespace

    for name in namespace.task_names:
        command = namespace[name]
        assert command.__doc__, name
        unexplained = {
            argument.name for argument in command.get_arguments(ignore_unknown_help=True) if not argument.help
        }
        assert not unexplained, name


def test_many_values_may_stand_anywhere_among_the_options() -> None:
    from aspects.program import AspectsProgram

    @task(variadic="files", help={"files": "", "batch": ""})
    def load(context: object, files: list[str], batch: int = 1) -> None:
        """Load files."""

    program = AspectsProgram()
    program._command = {"load": load}.get  # type: ignore[method-assign]  # one task, and no file to read it from
    words = program._gather_values(["load", "a", "--batch", "5", "b", "-"])
    assert words == ["load", "a\0b\0-", "--batch", "5"]


def test_help_may_stand_behind_a_command_that_takes_values() -> None:
    for words in (["data.load", "--help"], ["--help", "data.load"]):
        done = inv(*words)
        assert (done.returncode, done.stdout.partition("\n")[0]) == (0, "Usage: ./inv data.load FILE… [options]")


def test_a_command_whose_reader_is_gone_says_nothing_of_it() -> None:
    @task()
    def write(context: object) -> None:
        """Write."""
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        write.body(None)
