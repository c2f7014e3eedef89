"""Brings Superset from an empty folder to a serving program, in one process."""
