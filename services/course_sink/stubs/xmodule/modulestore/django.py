"""Where the sinks look for courses."""

from course_sink.modulestore import modulestore as modulestore
