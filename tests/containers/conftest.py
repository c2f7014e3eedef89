"""These tests are for a stack in containers: `./inv test --containers`."""

from tests.conftest import ENGINE

collect_ignore_glob = [] if ENGINE == "docker" else ["test_*.py"]
