"""Superset assets as files: rendering, checking and syncing them. Nothing here prints."""
