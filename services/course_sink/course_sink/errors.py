"""What can be wrong with an export or a file."""


class SourceError(Exception):
    """Nothing of this source can be used; the text says what is wrong and where."""
