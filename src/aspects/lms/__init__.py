"""What the LMS knows: courses, enrollments, people and tags."""
