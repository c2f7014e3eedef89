"""How a command is declared: Invoke's `@task`, with our errors and many positional values."""

from __future__ import annotations

import functools
import inspect
import traceback
from collections.abc import Callable
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task
from invoke.tasks import task as invoke_task

from aspects.console import Console
from aspects.errors import AspectsError

SEPARATOR = "\0"
"""Between the values of a variadic argument while Invoke carries them as one."""

COMMON_HELP = {
    "json": "Print one JSON object on standard output, and nothing else there.",
    "debug": "Show the traceback of an error.",
}


class Command(Task[Any]):
    """A task that may take any number of values: `data.load FILE…`."""

    variadic: str = ""
    at_least: int = 1

    def flags_with_value(self) -> set[str]:
        """The options that take the next word as their value."""
        parameters = list(inspect.signature(self.body).parameters.values())[1:]
        return {f"--{one.name.replace('_', '-')}" for one in parameters if not isinstance(one.default, bool)}


def explain(error: AspectsError | OSError) -> AspectsError:
    """What the operating system refuses is an error that a person can mend, too."""
    if isinstance(error, AspectsError):
        return error
    return AspectsError(
        "The operating system refused something.",
        why=str(error),
        fix="Free some space or mend the rights there; ASPECTS_STATE=/some/folder moves the stack's data.",
        code="stack.disk",
    )


def task(
    help: dict[str, str] | None = None, variadic: str = "", at_least: int = 1, **options: Any
) -> Callable[[Callable[..., None]], Command]:
    """Declare a command.

    `variadic` names the parameter that takes all bare words after the command (a list of str, at least
    `at_least` of them). An AspectsError becomes a message and an exit status; `--debug` shows where it
    came from.
    """

    def declare(function: Callable[..., None]) -> Command:
        signature = inspect.signature(function)
        names = set(signature.parameters) | {"debug"}

        @functools.wraps(function)
        def run(context: Context, *args: Any, debug: bool = False, **kwargs: Any) -> None:
            if variadic:
                kwargs[variadic] = [value for value in kwargs.get(variadic, "").split(SEPARATOR) if value]
            try:
                function(context, *args, **kwargs)
            except BrokenPipeError:
                raise
            except (AspectsError, OSError) as error:
                if debug:
                    traceback.print_exception(error)
                explained = explain(error)
                Console(json=bool(kwargs.get("json"))).fail(explained)
                raise Exit(code=explained.status) from error
            except KeyboardInterrupt as error:
                raise Exit("Stopped.", code=130) from error

        debug_parameter = inspect.Parameter("debug", inspect.Parameter.KEYWORD_ONLY, default=False)
        run.__signature__ = signature.replace(  # type: ignore[attr-defined]  # read by inspect.signature
            parameters=[*signature.parameters.values(), debug_parameter]
        )
        texts = {name: text for name, text in COMMON_HELP.items() if name in names} | (help or {})
        command: Command = invoke_task(klass=Command, help=texts, auto_shortflags=False, **options)(run)
        command.variadic = variadic
        command.at_least = at_least
        return command

    return declare
