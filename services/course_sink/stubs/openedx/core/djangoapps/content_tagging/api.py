"""Where the sinks look for the tags of a course or a block."""

from course_sink.modulestore import get_object_tags as get_object_tags
