"""ClickHouse's errors: reading the engine's, making our own, and the HTTP status that goes with each."""

import re
from dataclasses import dataclass

_ENGINE_ERROR = re.compile(
    r"(?:Code: \d+\. DB::\w+: )*Code: (?P<code>\d+)\. DB::(?P<kind>\w+): (?P<text>.*)\((?P<name>[A-Z0-9_]+)\)"
    r"(?: \(version [^()]*(?:\([^()]*\))?\))?\s*$",
    re.DOTALL,
)
_VERSION_SUFFIX = re.compile(r"(?: \([A-Z0-9_]+\))? \(version \d[^()]*(?:\([^()]*\))?\)\.?\s*$")


@dataclass
class ClickHouseError(Exception):
    """An error as a ClickHouse client knows it.

    code: number in ClickHouse's list of errors. name: its name there. text: what happened, without both.
    """

    code: int
    name: str
    text: str
    kind: str = "Exception"

    def message(self, version: str) -> str:
        """The line a ClickHouse server of that version answers with."""
        return f"Code: {self.code}. DB::{self.kind}: {self.text} ({self.name}) (version {version} (official build))\n"

    @property
    def status(self) -> int:
        """The HTTP status a ClickHouse server answers this error with."""
        return _STATUS_OF_CODE.get(self.code, 500)

    def __str__(self) -> str:
        return f"Code: {self.code}. {self.text} ({self.name})"


def engine_error(failure: Exception, user: str) -> ClickHouseError:
    """Read the error that the engine raised, and put the user's name where the engine speaks of its own."""
    # The engine quotes statements in its messages, and those need not be UTF-8.
    raw = failure.object.decode("utf-8", "replace") if isinstance(failure, UnicodeDecodeError) else str(failure)
    match = _ENGINE_ERROR.search(raw)
    if match is None:
        return ClickHouseError(1002, "UNKNOWN_EXCEPTION", raw.strip() or type(failure).__name__)
    text = _VERSION_SUFFIX.sub("", match["text"].rstrip())
    if text.startswith("default: "):
        text = f"{user}: {text[len('default: ') :]}"
    return ClickHouseError(int(match["code"]), match["name"], text, match["kind"])


def authentication_failed(user: str) -> ClickHouseError:
    """Wrong password, or no such user: ClickHouse does not say which."""
    text = (
        f"{user}: Authentication failed: password is incorrect, or there is no user with such name. "
        "The users and the variables that hold their passwords are in users.yaml."
    )
    return ClickHouseError(516, "AUTHENTICATION_FAILED", text)


def access_denied(user: str, grant: str) -> ClickHouseError:
    """A refusal in ClickHouse's words; `grant` is the privilege that is missing."""
    text = f"{user}: Not enough privileges. To execute this query, it's necessary to have the grant {grant}."
    return ClickHouseError(497, "ACCESS_DENIED", text)


def syntax_error(text: str) -> ClickHouseError:
    return ClickHouseError(62, "SYNTAX_ERROR", f"Syntax error: {text}")


_CODES_OF_STATUS = {
    400: (
        6,
        25,
        26,
        27,
        36,
        38,
        41,
        43,
        62,
        69,
        72,
        117,
        53,
        15,
        44,
        16,
        57,
        66,
        167,
        168,
        223,
        376,
        427,
        441,
        675,
        676,
    ),
    401: (194,),
    403: (192, 193, 497, 512, 516),
    404: (46, 47, 50, 56, 60, 63, 65, 73, 81, 102, 115, 336, 511),
    408: (159,),
    411: (381,),
    413: (177,),
    415: (415,),
    501: (48,),
    503: (76, 209, 439),
}
_STATUS_OF_CODE = {code: status for status, codes in _CODES_OF_STATUS.items() for code in codes}
