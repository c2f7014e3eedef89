"""Where one learner stands in one course: enrolled and how, the grade, passed or failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from aspects.fake import action as happened

ENROLLMENT: Final = frozenset({happened.ENROLLED, happened.MODE_CHANGED, happened.UNENROLLED})
RESULTS: Final = frozenset({happened.PASSED_FIRST, happened.NOW_PASSED, happened.NOW_FAILED})
OF_STANDING: Final = ENROLLMENT | RESULTS | {happened.COURSE_GRADED}


@dataclass(slots=True)
class Standing:
    """Takes a learner's enrollments, grades and results in order of time."""

    enrollment: tuple[bool, str] = (False, "")
    enrolled_at: int = 0
    ends_of_days: dict[int, tuple[bool, str]] = field(default_factory=dict)
    grade: float | None = None
    state: str = ""

    def note(self, time: int, event: str, detail: Any, day: int) -> None:
        if event in ENROLLMENT:
            self.enrollment = (event != happened.UNENROLLED, str(detail))
            self.ends_of_days[day] = self.enrollment
            if event != happened.UNENROLLED:
                self.enrolled_at = time
        elif event == happened.COURSE_GRADED:
            self.grade = detail.earned
            self.state = "passed" if detail.passed else "failed"
        elif event in RESULTS:
            self.state = "failed" if event == happened.NOW_FAILED else "passed"

    def changes(self) -> Iterable[tuple[int, str, int]]:
        """Day, mode and +1 or -1: how each day's end differs from the day's before."""
        enrolled, mode = False, ""
        for day in sorted(self.ends_of_days):
            now_enrolled, now_mode = self.ends_of_days[day]
            if (now_enrolled, now_mode if now_enrolled else "") != (enrolled, mode if enrolled else ""):
                if enrolled:
                    yield day, mode, -1
                if now_enrolled:
                    yield day, now_mode, 1
            enrolled, mode = now_enrolled, now_mode


def bucket(grade: float) -> str:
    """The grade bucket of a course grade from 0 to 1: tens of percent, the lower end included."""
    tens = min(int(round(grade * 100, 6)) // 10, 9)
    return f"{tens * 10}-{100 if tens == 9 else tens * 10 + 9}"
