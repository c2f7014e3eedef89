"""The one family of errors that a command may end with."""

from __future__ import annotations


class AspectsError(Exception):
    """Something a person can mend.

    `message` says what happened, `why` the cause as far as it is known, and `fix` the command or the
    setting that mends it. `code` is stable, of the form `family.name`, and has a place in
    `docs/errors.md`. `status` is the exit status of the command.
    """

    def __init__(
        self, message: str, why: str = "", fix: str = "", code: str = "aspects.error", status: int = 1
    ) -> None:
        super().__init__(message)
        self.message = message
        self.why = why
        self.fix = fix
        self.code = code
        self.status = status

    def as_dict(self) -> dict[str, str]:
        """The error as `--json` prints it."""
        return {"code": self.code, "message": self.message, "why": self.why, "fix": self.fix}
