"""Blocks that belong to a course and stand outside its outline."""

DETACHED_XBLOCK_TYPES = {"about", "course_info", "static_tab"}
