"""People who use Superset."""

from __future__ import annotations

from invoke.context import Context
from invoke.exceptions import Exit

from aspects.access import people
from aspects.console import Console
from aspects.settings import load
from aspects.stack.secrets import load_secrets
from aspects.tasks.base import task


@task(
    positional=["name"],
    help={
        "name": "The name that the person signs in with.",
        "role": "Operator, Instructor, Student, or Embedder (the account with which an LMS gets guest tokens).",
        "sees": "What an instructor may see: course keys or organizations, with commas between; * for everything.",
    },
)
def add(context: Context, name: str, role: str = "Instructor", sees: str = "", json: bool = False) -> None:
    """Add a person to the running Superset, or give one another role, other courses and a new password.

    Whoever signs in through an LMS needs no account of this kind: the LMS says what they may see.
    """
    from aspects.assets.superset_client import SupersetClient

    console = Console(json)
    settings = load()
    secrets = load_secrets(settings)
    listed = [each.strip() for each in sees.split(",") if each.strip()]
    with SupersetClient(
        settings.superset_url, secrets["SUPERSET_ADMIN_USER"], secrets["SUPERSET_ADMIN_PASSWORD"]
    ) as admin:
        person = people.add(settings, admin, name, role, listed)
    console.say(f"{person.user} / {person.password} ({person.role}) at {settings.superset_url}")
    console.say(f"May see: {', '.join(person.sees) or 'no course'}; see {people.access_file(settings)}.")
    console.result(person)


@task(
    variadic="learners",
    at_least=0,
    help={"learners": "User names, user numbers, e-mail addresses, or the external ids that statements carry."},
)
def retire(context: Context, learners: list[str], json: bool = False) -> None:
    """Take the identity of learners out of every table, log and file of this stack; what they did stays, nameless.

    Statements are written again under identifiers that lead to nobody, so every count stays as it was. The command
    then looks at every column of text of every table and names what is left. Without a name it finishes what an
    earlier run left undone. docs/privacy.md has the details.
    """
    from aspects.lms.retire import retire as take_out

    console = Console(json)
    with console.phase("Retire") as phase:
        found = take_out(load(), learners, phase.note)
        phase.note(f"{found.statements} statements, {found.identifiers} identifiers")
    console.say(
        f"Looked at {found.scanned_columns} columns in {found.scan_seconds:.1f} s: {len(found.left)} traces left."
    )
    for trace in found.left:
        console.say(f"  {trace.place}: {trace.rows}")
    console.result(found)
    if found.left:
        raise Exit(code=1)
