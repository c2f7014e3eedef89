"""How the project checks itself: tests, linters, formatters, locks."""
