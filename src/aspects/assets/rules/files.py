"""Files that can be read and have the shape that Superset takes."""

from __future__ import annotations

from aspects.assets.retired import FILE, read_retired
from aspects.assets.rules.registry import Context, declare, rule

FAMILY = "files"

declare("F001", FAMILY, "a file is valid YAML")
declare("F002", FAMILY, "our templates render")
declare("F003", FAMILY, "an asset has the keys and types that Superset imports")
declare("F004", FAMILY, "a key is written once")
declare("F006", FAMILY, "a finding that is accepted has a reason")


@rule("F007", FAMILY, "the list of retired assets can be used")
def retired_assets(context: Context) -> None:
    retired, parsed = read_retired(context.assets.folder, context.findings)
    for number, entry in enumerate(retired):
        item = context.assets.by_uuid(entry.kind).get(str(entry.uuid))
        if item is not None:
            message = f"{entry.name!r} is retired, and {item.file} brings it in again."
            fix = "Delete the file, or take the entry off the list."
            context.findings.report("F007", FILE, parsed.line(number), message, fix)


@rule("F005", FAMILY, "every query is used")
def unused_queries(context: Context) -> None:
    for name in context.assets.unused_queries:
        fix = "Use it in a dataset, or delete the file."
        context.findings.report("F005", f"queries/{name}.sql", 1, "No asset uses this query.", fix)
