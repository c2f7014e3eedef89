"""A small course as an export, which tests change as an author would."""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Export:
    """A course of one section with two subsections, of which the second is graded."""

    folder: Path
    org: str
    name: str = "Birds of the World"
    run: str = "2026"
    files: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.files |= {
            "course.xml": f'<course url_name="{self.run}" org="{self.org}" course="Birds"/>',
            f"course/{self.run}.xml": '<course><chapter url_name="begin"/>'
            '<chapter url_name="end"/><wiki slug="w"/></course>',
            "chapter/begin.xml": '<chapter display_name="Beginning"><sequential url_name="first"/></chapter>',
            "chapter/end.xml": '<chapter display_name="End"><sequential url_name="exam"/></chapter>',
            "sequential/first.xml": '<sequential display_name="First"><vertical url_name="page"/></sequential>',
            "sequential/exam.xml": '<sequential display_name="Exam" graded="true" format="Exam">'
            '<vertical url_name="questions"/></sequential>',
            "vertical/page.xml": '<vertical display_name="A page"><html url_name="text"/>'
            '<video url_name="song"/></vertical>',
            "vertical/questions.xml": '<vertical display_name="Questions"><problem url_name="wings"/>'
            '<problem url_name="eggs" display_name="Eggs &amp; nests"><choiceresponse/></problem></vertical>',
            "html/text.xml": '<html display_name="What a bird is" filename="text"/>',
            "video/song.xml": '<video display_name="A song" youtube="1.00:abc"/>',
            "problem/wings.xml": '<problem display_name="Wings"><p>How many?</p></problem>',
            "tabs/faq.html": "<p>Questions</p>",
            "drafts/problem/new.xml": '<problem display_name="Not published"/>',
            f"policies/{self.run}/policy.json": json.dumps(
                {f"course/{self.run}": {"display_name": self.name, "start": "2026-01-01T00:00:00Z", "self_paced": True}}
            ),
            f"policies/{self.run}/grading_policy.json": json.dumps({"GRADER": [], "GRADE_CUTOFFS": {"Pass": 0.6}}),
        }

    @property
    def key(self) -> str:
        return f"course-v1:{self.org}+Birds+{self.run}"

    def block(self, kind: str, name: str) -> str:
        return f"block-v1:{self.org}+Birds+{self.run}+type@{kind}+block@{name}"

    def write(self) -> Path:
        """The export as a folder, with nothing left of what it was before."""
        root = self.folder / "course"
        for file in sorted(root.rglob("*")) if root.exists() else ():
            if file.is_file():
                file.unlink()
        for name, text in self.files.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return root

    def archive(self) -> Path:
        """The export as Studio gives it."""
        target = self.folder / f"{self.org}.tar.gz"
        with tarfile.open(target, "w:gz") as archive:
            archive.add(self.write(), "course")
        return target
