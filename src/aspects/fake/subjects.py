"""What generated courses and organizations are called, and the words that their parts are named with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ORGANIZATIONS: Final = (
    ("NorthBay", "North Bay University"),
    ("OpenPolytech", "Open Polytechnic"),
    ("Lumen", "Lumen Institute"),
    ("RiverCollege", "River College"),
    ("Atlas", "Atlas School of Management"),
    ("Meridian", "Meridian Academy"),
    ("Harbor", "Harbor Technical Institute"),
    ("Solis", "Universidad Solis"),
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A field that courses are about: the code of its course numbers, a title, and what the sections treat."""

    code: str
    title: str
    area: str
    level: str
    topics: tuple[str, ...]


SUBJECTS: Final = (
    Subject("DATA", "Data Analysis for Everyone", "Data Science", "Introductory",
            ("Asking Good Questions", "Collecting Data", "Tables and Charts", "Distributions", "Relationships",
             "Telling the Story")),
    Subject("PHYS", "Physics of Everyday Things", "Physics", "Introductory",
            ("Motion", "Forces", "Energy", "Waves", "Electricity", "Light")),
    Subject("PROG", "First Steps in Programming", "Computer Science", "Introductory",
            ("Values and Names", "Decisions", "Loops", "Functions", "Lists and Maps", "A First Project")),
    Subject("BIOL", "Cells and Genes", "Biology", "Intermediate",
            ("The Cell", "Proteins", "Genes", "Inheritance", "Evolution", "Ecosystems")),
    Subject("ECON", "Principles of Economics", "Economics", "Introductory",
            ("Scarcity and Choice", "Supply and Demand", "Markets", "Growth", "Money", "Trade")),
    Subject("STAT", "Statistics in Practice", "Data Science", "Intermediate",
            ("Samples", "Probability", "Estimates", "Tests", "Regression", "Experiments")),
    Subject("CHEM", "Chemistry Around Us", "Chemistry", "Introductory",
            ("Atoms", "Bonds", "Reactions", "Acids and Bases", "Heat", "Materials")),
    Subject("HIST", "A History of Cities", "History", "Introductory",
            ("The First Cities", "Trade Routes", "Walls and Markets", "Industry", "Suburbs", "Megacities")),
    Subject("WRIT", "Writing That Works", "Humanities", "Introductory",
            ("Readers", "Structure", "Sentences", "Evidence", "Revision", "Style")),
    Subject("MATH", "Calculus Step by Step", "Mathematics", "Intermediate",
            ("Limits", "Derivatives", "Applications", "Integrals", "Series", "Differential Equations")),
    Subject("CLIM", "Understanding Climate", "Earth Science", "Introductory",
            ("The Energy Balance", "Oceans", "Carbon", "Models", "Impacts", "Choices")),
    Subject("DSGN", "Design Thinking", "Design", "Introductory",
            ("Observing", "Framing", "Sketching", "Prototyping", "Testing", "Presenting")),
)  # fmt: skip

SUBSECTION_NAMES: Final = ("Key Ideas", "Worked Examples", "Going Deeper", "In Practice")
GRADED_NAMES: Final = ("Homework", "Quiz", "Assignment")
UNIT_NAMES: Final = ("Introduction", "Concepts", "An Example", "Try It", "Common Mistakes", "Summary", "Discussion")
VIDEO_NAMES: Final = ("Lecture", "Walkthrough", "Interview", "Demonstration", "Recap")
PROBLEM_NAMES: Final = ("Check Your Understanding", "Exercise", "Practice", "Challenge", "Review Question")
QUESTIONS: Final = (
    ("multiplechoiceresponse", "choice", "Which of these statements is right?"),
    ("choiceresponse", "choice", "Which of these apply? Choose all."),
    ("numericalresponse", "numeric", "What is the value?"),
    ("stringresponse", "fill-in", "Which term is missing?"),
    ("optionresponse", "choice", "Choose the word that fits best."),
)
"""Open edX's response type, the interaction type of xAPI, and a prompt."""
