"""The LMS's models as far as the sinks read them."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import User
from django.db import models


class CourseOverview(models.Model):
    """A course; its id is its key."""

    id = models.CharField(primary_key=True, max_length=255)
    org = models.TextField()
    display_name = models.TextField(default="")
    start = models.DateTimeField(null=True)
    end = models.DateTimeField(null=True)
    enrollment_start = models.DateTimeField(null=True)
    enrollment_end = models.DateTimeField(null=True)
    self_paced = models.BooleanField(default=False)
    created = models.DateTimeField(null=True)
    modified = models.DateTimeField(null=True)
    advertised_start = models.TextField(default="")
    announcement = models.TextField(default="")
    lowest_passing_grade = models.FloatField(default=0.0)
    invitation_only = models.BooleanField(default=False)
    max_student_enrollments_allowed = models.IntegerField(null=True)
    effort = models.TextField(default="")
    enable_proctored_exams = models.BooleanField(default=False)
    entrance_exam_enabled = models.BooleanField(default=False)
    external_id = models.TextField(default="")
    language = models.TextField(default="")

    def __str__(self) -> str:
        return str(self.id)


class CourseEnrollment(models.Model):
    """Somebody in a course."""

    course_id = models.TextField()
    created = models.DateTimeField()
    is_active = models.BooleanField()
    mode = models.TextField()
    user = models.ForeignKey(User, models.CASCADE)


class UserProfile(models.Model):
    """What somebody says of themselves. Personal."""

    user = models.ForeignKey(User, models.CASCADE)
    name = models.TextField(default="")
    meta = models.TextField(default="")
    courseware = models.TextField(default="")
    language = models.TextField(default="")
    location = models.TextField(default="")
    year_of_birth = models.IntegerField(null=True)
    gender = models.TextField(default="")
    level_of_education = models.TextField(default="")
    mailing_address = models.TextField(default="")
    city = models.TextField(default="")
    country = models.TextField(default="")
    state = models.TextField(default="")
    goals = models.TextField(default="")
    bio = models.TextField(default="")
    profile_image_uploaded_at = models.DateTimeField(null=True)
    phone_number = models.TextField(default="")


class ExternalIdType(models.Model):
    """What an external id is for, such as `xapi`."""

    name = models.TextField()


class ExternalId(models.Model):
    """The UUID under which statements name somebody. Personal."""

    external_user_id = models.UUIDField()
    external_id_type = models.ForeignKey(ExternalIdType, models.CASCADE)
    user = models.ForeignKey(User, models.CASCADE)


class Taxonomy(models.Model):
    """A set of tags."""

    name = models.TextField()


class _WithLineage(models.Model):
    """The path of a tag from its root, as JSON or as a list."""

    lineage = models.TextField(default="[]")

    class Meta:
        abstract = True

    def get_lineage(self) -> list[Any]:
        return list(json.loads(self.lineage))


class Tag(_WithLineage):
    """A tag of a taxonomy."""

    taxonomy = models.ForeignKey(Taxonomy, models.CASCADE)
    parent = models.ForeignKey("self", models.CASCADE, null=True)
    value = models.TextField()
    external_id = models.TextField(null=True)


class ObjectTag(_WithLineage):
    """A course or a block with a tag."""

    object_id = models.TextField()
    taxonomy = models.ForeignKey(Taxonomy, models.CASCADE, null=True)
    tag = models.ForeignKey(Tag, models.CASCADE, null=True)
    _value = models.TextField(default="")
    _export_id = models.TextField(default="")
