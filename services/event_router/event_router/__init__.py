"""Open edX's tracking log as xAPI statements, made by edx-event-routing-backends outside an LMS."""
