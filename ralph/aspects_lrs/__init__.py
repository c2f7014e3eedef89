"""An LRS that keeps up: Ralph's API over a ClickHouse backend that writes many requests at once.

`app.py` speaks xAPI 1.0.3, `validation.py` says which statements are valid, `store.py` keeps them, `reading.py` finds
them, and `backend.py` offers the same to Ralph's own API as a plugin (`RALPH_RUNSERVER_BACKEND=aspects`).
"""
