"""The only printer. People read it on a terminal or in a log; machines read `--json`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from rich.console import Console as RichConsole
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.status import Status
from rich.table import Table
from rich.text import Text

from aspects.errors import AspectsError

WIDE = 1000
"""Columns of a printer that is no terminal."""


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "", style="cyan")


class Phase:
    """A step that is under way; `note` adds a word to its closing line, `now` says on a terminal how far it is."""

    def __init__(self, title: str) -> None:
        self.notes: list[str] = []
        self.status: Status | None = None
        self._title = title

    def now(self, text: str) -> None:
        if self.status:
            self.status.update(escape(f"{self._title}: {text}"))

    def note(self, text: str) -> None:
        self.notes.append(text)


class Counter:
    """Counts what a long step has done."""

    def __init__(self, progress: Progress | None, task: Any) -> None:
        self._progress = progress
        self._task = task
        self.done = 0

    def advance(self, count: int = 1) -> None:
        self.done += count
        if self._progress is not None:
            self._progress.advance(self._task, count)


def _console(stderr: bool) -> RichConsole:
    """A printer that cuts nothing: where there is no terminal, lines may be as long as they are."""
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return RichConsole(stderr=stderr, highlight=False, soft_wrap=True, width=None if terminal else WIDE)


class Console:
    """Prints for one command. With `json`, standard output carries one object and nothing else."""

    def __init__(self, json: bool = False) -> None:
        self.json = json
        self._err = _console(stderr=True)
        self._out = self._err if json else _console(stderr=False)

    def say(self, text: str) -> None:
        self._out.print(escape(text))

    def warn(self, text: str) -> None:
        self._err.print(f"[yellow]![/] {escape(text)}")

    def heading(self, text: str) -> None:
        self._out.print(f"\n[bold]{escape(text)}[/]")

    def tick(self, text: str, seconds: float | None = None) -> None:
        took = f" [dim]{seconds:.1f} s[/]" if seconds is not None else ""
        self._err.print(f"[green]✓[/] {escape(text)}{took}")

    def fail(self, error: AspectsError) -> None:
        """Print an error: what happened, why, and what to do next."""
        self._err.print(f"[red]✗[/] [bold]{escape(error.message)}[/]")
        if error.why:
            self._err.print("  " + escape(error.why).replace("\n", "\n  "))
        if error.fix:
            self._err.print(f"  [bold]→[/] {escape(error.fix)}")
        if self.json:
            self.result({"error": error.as_dict()})

    @contextmanager
    def phase(self, title: str) -> Iterator[Phase]:
        """A step of a command: a tick and its seconds when it is done, a cross when it fails."""
        phase = Phase(title)
        started = time.monotonic()
        try:
            if self._err.is_terminal:
                with self._err.status(escape(title)) as phase.status:
                    yield phase
            else:
                yield phase
        except BaseException:
            self._err.print(f"[red]✗[/] {escape(title)} [dim]{time.monotonic() - started:.1f} s[/]")
            raise
        notes = f" [dim]({escape(', '.join(phase.notes))})[/]" if phase.notes else ""
        self._err.print(f"[green]✓[/] {escape(title)}{notes} [dim]{time.monotonic() - started:.1f} s[/]")

    @contextmanager
    def progress(self, title: str, total: int | None = None, unit: str = "") -> Iterator[Counter]:
        """A long step: how far it is, its rate and the time left. Off a terminal only its last line is printed."""
        started = time.monotonic()
        if self._err.is_terminal:
            columns = [
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.completed:,.0f} " + unit),
                _Rate(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
            ]
            with Progress(*columns, console=self._err, transient=True) as progress:
                counter = Counter(progress, progress.add_task(escape(title), total=total))
                yield counter
        else:
            counter = Counter(None, None)
            yield counter
        seconds = time.monotonic() - started
        rate = counter.done / seconds if seconds > 0 else 0.0
        self._err.print(
            f"[green]✓[/] {escape(title)}: {counter.done:,} {escape(unit)} [dim]{rate:,.0f}/s, {seconds:.1f} s[/]"
        )

    def confirm(self, question: str) -> bool:
        """Ask a person; no when there is nobody to ask."""
        if not sys.stdin.isatty():
            return False
        return self._err.input(f"{escape(question)} [y/N] ").strip().lower() in ("y", "yes")

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(escape(str(value)) for value in row))
        self._out.print(table)

    def result(self, value: object) -> None:
        """The command's one JSON object; printed with `--json` only."""
        if self.json:
            sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE, default=str))
            sys.stdout.buffer.flush()
