"""What a person can mend."""


class UnusableFile(Exception):  # noqa: N818  # it says what the file is
    """A file that was given cannot be used; the message says which and why."""
