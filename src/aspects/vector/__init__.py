"""Vector's configuration in `vector/`: checked, tested, and run without Vector."""
