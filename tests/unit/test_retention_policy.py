"""The policy of what is kept for how long."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from aspects.errors import AspectsError
from aspects.settings import load
from aspects.warehouse.retention import first_days_kept


def test_everything_is_kept_unless_a_setting_says_otherwise(tmp_path: Path) -> None:
    assert set(first_days_kept(load(state=tmp_path), date(2026, 3, 31)).values()) == {None}


def test_months_are_whole_and_the_one_under_way_is_kept(tmp_path: Path) -> None:
    settings = load(
        state=tmp_path,
        retention_raw_months=1,
        retention_events_months=27,
        retention_rollups_months=10**6,
        retention_system_logs_days=31,
    )
    assert first_days_kept(settings, date(2026, 3, 31)) == {
        "raw": date(2026, 2, 1),
        "events": date(2023, 12, 1),
        "rollups": date(1, 1, 1),
        "system_logs": date(2026, 2, 28),
    }


def test_a_policy_of_nothing_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for value in ("0", "-3", "a year", ""):
        monkeypatch.setenv("ASPECTS_RETENTION_RAW_MONTHS", value)
        with pytest.raises(AspectsError) as refused:
            load(state=tmp_path)
        assert refused.value.code == "settings.invalid"
