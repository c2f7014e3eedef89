"""Who the learners are: an account, a place in the world, a name, and how they study."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from faker import Faker

from aspects.fake.chance import Chance, number, uuid
from aspects.fake.course import Course, Scenario, make_course

_NAMES_A_LOCALE: Final = 150
_LEARNERS_KEPT: Final = 1000
_COURSES_WANTED: Final = (1, 2, 3)
_WANTED_UP_TO: Final = (0.70, 0.92, 1.0)
_COURSES_A_LEARNER: Final = 0.70 * 1 + 0.22 * 2 + 0.08 * 3
_COURSES_AT_ONCE: Final = 4
"""Where courses have a size, so many fill up side by side."""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the world: Faker's locale, the country, the language and the hours ahead of UTC."""

    locale: str
    country: str
    language: str
    offset: int


REGIONS: Final = (
    Region("en_US", "US", "en", -6),
    Region("es_MX", "MX", "es-419", -6),
    Region("pt_BR", "BR", "pt-br", -3),
    Region("en_GB", "GB", "en", 0),
    Region("fr_FR", "FR", "fr", 1),
    Region("de_DE", "DE", "de-de", 1),
    Region("pl_PL", "PL", "pl", 1),
    Region("ar_SA", "SA", "ar", 3),
    Region("en_IN", "IN", "hi", 5),
    Region("zh_CN", "CN", "zh-cn", 8),
    Region("ja_JP", "JP", "ja-jp", 9),
)

STYLES: Final = ("absent", "sampler", "regular", "committed")
_STYLES_UP_TO: Final = (0.18, 0.64, 0.88, 1.0)


_EDUCATION: Final = ("b", "m", "hs", "a", "p", "jhs", "")
"""Open edX's codes: bachelor, master, high school, associate, doctorate, junior high school, not said."""
_EDUCATION_UP_TO: Final = (0.36, 0.6, 0.8, 0.88, 0.92, 0.95, 1.0)


@dataclass(frozen=True, slots=True)
class Learner:
    """A person with an account.

    `ability` has mean 0 and deviation 1 over all learners. `courses` are those they enroll in, `hour` is
    the UTC hour of the day at which they like best to study.
    """

    index: int
    user_id: int
    actor: str
    region: Region
    ability: float
    style: str
    hour: float
    courses: tuple[Course, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """What the LMS knows of a person."""

    name: str
    username: str
    email: str
    gender: str
    year_of_birth: int
    level_of_education: str
    city: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """How a learner's enrollment in a course stands: `created` and `changed` are times."""

    learner: int
    course: int
    created: int
    changed: int
    is_active: bool
    mode: str


class World:
    """The courses and learners of a scenario, made when they are asked for."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        # Scenarios that share a warehouse must not share users.
        self._first_user_id = (1000 + number(scenario.key, "users") % 9000) * 1_000_000
        self._learners: dict[int, Learner] = {}
        self._courses: list[Course] = []
        self._popularity_up_to: list[float] = []

    def course(self, index: int) -> Course:
        """The course with this number, from 0."""
        while len(self._courses) <= index:
            course = make_course(self.scenario, len(self._courses))
            self._courses.append(course)
            below = self._popularity_up_to[-1] if self._popularity_up_to else 0.0
            self._popularity_up_to.append(below + course.popularity)
        return self._courses[index]

    def learner(self, index: int) -> Learner:
        """The learner with this number, from 0.

        The catalogue grows with the learners, slower than their number, so popular courses grow too.
        """
        if index not in self._learners:
            if len(self._learners) >= _LEARNERS_KEPT:
                self._learners.clear()
            self._learners[index] = self._learner(index)
        return self._learners[index]

    def _learner(self, index: int) -> Learner:
        key = self.scenario.key
        chance = Chance(key, "learner", index)
        region = chance.pick(REGIONS)
        local = chance.weighted((20.5, 13.0, 10.0, 16.0), (0.58, 0.72, 0.86, 1.0)) + chance.normal(0.0, 1.2)
        return Learner(
            index=index,
            user_id=self._first_user_id + index,
            actor=uuid(key, "actor", index),
            region=region,
            ability=chance.normal(0.0, 1.0),
            style=chance.weighted(STYLES, _STYLES_UP_TO),
            hour=(local - region.offset) % 24,
            courses=self._choose(chance, index),
        )

    def _choose(self, chance: Chance, learner: int) -> tuple[Course, ...]:
        wanted = chance.weighted(_COURSES_WANTED, _WANTED_UP_TO)
        size = self.scenario.learners_per_course
        chosen: dict[int, Course] = {}
        for _ in range(4 * wanted):
            index = self._popular(chance, learner) if size is None else _filling(chance, learner, size)
            chosen[index] = self.course(index)
            if len(chosen) == wanted:
                break
        return tuple(chosen.values())

    def _popular(self, chance: Chance, learner: int) -> int:
        catalogue = max(4, int(4 * (learner / 500) ** 0.55))
        self.course(catalogue - 1)
        up_to = self._popularity_up_to[catalogue - 1]
        return min(bisect_right(self._popularity_up_to, chance.random() * up_to), catalogue - 1)


def _filling(chance: Chance, learner: int, size: int) -> int:
    """One of the courses that fill up when this learner comes, any as likely as another."""
    full = int(learner * _COURSES_A_LEARNER / (size * _COURSES_AT_ONCE))
    return full * _COURSES_AT_ONCE + chance.whole(0, _COURSES_AT_ONCE - 1)


def profile(scenario: Scenario, learner: Learner) -> Profile:
    """The person behind an account; the same scenario and learner give the same one."""
    chance = Chance(scenario.key, "person", learner.index)
    names = _names(scenario.seed, learner.region.locale)
    woman = chance.happens(0.5)
    first = chance.pick(names.women if woman else names.men)
    last = chance.pick(names.last)
    username = _ascii(f"{first}_{last}") or f"learner_{learner.region.country.lower()}"
    username = f"{username[:24]}_{100 + learner.index}"
    return Profile(
        name=f"{last}{first}" if learner.region.locale in ("zh_CN", "ja_JP") else f"{first} {last}",
        username=username,
        email=f"{username}@example.com",
        gender=chance.weighted(("f" if woman else "m", "o", ""), (0.9, 0.92, 1.0)),
        year_of_birth=scenario.end.year - chance.whole(17, 62),
        level_of_education=chance.weighted(_EDUCATION, _EDUCATION_UP_TO),
        city=chance.pick(names.cities),
    )


@dataclass(frozen=True, slots=True)
class _Names:
    women: tuple[str, ...]
    men: tuple[str, ...]
    last: tuple[str, ...]
    cities: tuple[str, ...]


@lru_cache(maxsize=64)
def _names(seed: int, locale: str) -> _Names:
    # Only what is asked for: loading every provider takes longer than all the names.
    faker = Faker(locale, providers=["faker.providers.person", "faker.providers.address"])
    faker.seed_instance(number(seed, "names", locale))
    return _Names(
        women=tuple(faker.first_name_female() for _ in range(_NAMES_A_LOCALE)),
        men=tuple(faker.first_name_male() for _ in range(_NAMES_A_LOCALE)),
        last=tuple(faker.last_name() for _ in range(_NAMES_A_LOCALE)),
        cities=tuple(faker.city() for _ in range(_NAMES_A_LOCALE // 5)),
    )


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "".join(letter for letter in plain if letter.isalnum() or letter == "_").strip("_")
