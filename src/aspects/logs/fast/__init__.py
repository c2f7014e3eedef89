"""The fast engine: our own transformer, which says what event-routing-backends would say, or that it does not know."""
