"""The `inv` program: Invoke with many positional values and help on a name that it does not know."""

from __future__ import annotations

import difflib
import gc
import inspect
import os
import sys
from typing import NoReturn

from invoke.exceptions import ParseError
from invoke.program import Program

from aspects import __version__
from aspects.tasks.base import SEPARATOR, Command


class AspectsProgram(Program):
    """Invoke's program for this repository's commands."""

    def load_collection(self) -> None:
        # What is loaded stays: to look for garbage in it takes a fifth of a short command's time.
        gc.disable()
        super().load_collection()
        gc.freeze()
        gc.enable()

    def parse_tasks(self) -> None:
        self.core.unparsed = self._gather_values(self.core.unparsed)
        try:
            super().parse_tasks()
        except ParseError as error:
            raise ParseError(self._explain(error), error.context) from error
        except ValueError as error:  # Invoke turns words into numbers and lets the failure through
            wrong = str(error).rpartition(": ")[2]
            raise ParseError(f"✗ {wrong} is no whole number.\n  → ./inv --help COMMAND shows what it takes.") from error

    def _gather_values(self, words: list[str]) -> list[str]:
        """Put the bare words after a variadic command into the one value that Invoke can carry."""
        for position, word in enumerate(words):
            command = self._command(word)
            if command is None or not command.variadic:
                continue
            values: list[str] = []
            options: list[str] = []
            rest = iter(words[position + 1 :])
            for item in rest:
                if not item.startswith("-") or item == "-":
                    values.append(item)
                    continue
                options.append(item)
                if item in command.flags_with_value():
                    options.extend(value for value in (next(rest, None),) if value is not None)
            if {"--help", "-h"} & set(options):
                values = ["-"]  # else Invoke would take the option for the value that is missing
            enough = len(values) >= command.at_least
            return [*words[: position + 1], *([SEPARATOR.join(values)] if enough else []), *options]
        return words

    def print_task_help(self, name: str) -> None:
        command = self._command(name)
        values = f"{command.variadic.upper().removesuffix('S')}… " if command and command.variadic else ""
        if command and values and not command.at_least:
            values = f"[{values.strip()}] "
        print(f"Usage: {self.binary} {name} {values}[options]\n")
        print(f"{inspect.getdoc(command)}\n")
        self.print_columns(self.parser.contexts[name].help_tuples())

    def _command(self, name: str) -> Command | None:
        try:
            found = self.collection[name]
        except (KeyError, ValueError):
            return None
        return found if isinstance(found, Command) else None

    def _explain(self, error: ParseError) -> str:
        text = str(error)
        names = self.collection.task_names
        unknown = next((word for word in self.core.unparsed if f"{word!r}" in text), None)
        if "No idea what" not in text or unknown is None:
            where = f" See ./inv --help {error.context.name}" if error.context and error.context.name else ""
            return f"✗ {text}{where}"
        if unknown.startswith("-"):
            owner = error.context.name if error.context else ""
            return f"✗ There is no option {unknown} here.\n  → ./inv --help {owner}".rstrip()
        near = difflib.get_close_matches(unknown, [*names], n=3, cutoff=0.5)
        meant = f" Did you mean {' or '.join(near)}?" if near else ""
        return f"✗ There is no command {unknown!r}.{meant}\n  → ./inv --list shows them all."


def main() -> NoReturn:
    """Run the command line and exit; quietly when whoever reads the output has seen enough (`… | head`)."""
    try:
        AspectsProgram(name="Aspects", binary="./inv", version=__version__).run()
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would write what is left once more as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)  # as a shell counts an end by SIGPIPE
    sys.exit(0)


if __name__ == "__main__":
    main()
