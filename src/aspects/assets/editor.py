"""What Superset's chart editor writes into a chart that a person saves, beside what the person changed.

`editor_defaults.json` has the value of each control of a new chart, by chart type, as the editor of Superset 6.1 saves
it; a browser test compares.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

Params = dict[str, Any]
_FORGOTTEN = ("xAxisForceCategorical",)
"""Controls that the editor hides, and then leaves out, where they make no difference."""


@cache
def _defaults() -> dict[str, Params]:
    found: dict[str, Params] = json.loads(Path(__file__).with_name("editor_defaults.json").read_text(encoding="utf-8"))
    return found


def without_defaults(viz_type: str, before: Params, saved: Params) -> Params:
    """What was saved, without the defaults that the editor filled in where `before` said nothing."""
    defaults = _defaults().get(viz_type, {})
    kept: Params = {}
    for key, value in saved.items():
        filled_in = key not in before and (
            (key in defaults and defaults[key] == value)
            or key == "temporal_columns_lookup"
            or (key.startswith("matrixify_") and not saved.get("matrixify_enable"))
        )
        if key.removesuffix("_b") == "adhoc_filters" and isinstance(value, list):
            value = [each for each in value if each in before.get(key, []) or not _is_no_filter(each)]
            filled_in = not value and key not in before
        if not filled_in:
            kept[key] = value
    kept |= {key: before[key] for key in _FORGOTTEN if key in before and key not in saved}
    return {key: value for key, value in kept.items() if value not in (None, "", [], {})}


def _is_no_filter(condition: Any) -> bool:
    """A time range of all times, which the editor adds to each dataset with a column of times."""
    if not isinstance(condition, dict):
        return False
    return condition.get("operator") == "TEMPORAL_RANGE" and condition.get("comparator") == "No filter"
