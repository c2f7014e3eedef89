"""The user model: it answers the two questions that event-routing-backends asks of an LMS's users.

Everyone whom a log names has an account here: what a log says happened to somebody did happen.
"""

from django.db import models

from event_router.people import Person, people


class _Found:
    """What a query found."""

    def __init__(self, person: Person) -> None:
        self._person = person

    def first(self) -> Person:
        return self._person


class Learners(models.Manager):
    """Accounts by id and by name, without a database."""

    def get(self, *, id: int) -> Person:
        return people().person(str(id))

    def filter(self, *, username: str) -> _Found:
        return _Found(people().person(username))


class Learner(models.Model):
    """An account of the LMS."""

    objects = Learners()

    class Meta:
        app_label = "event_router"
