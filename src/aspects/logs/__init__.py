"""Open edX's tracking logs as statements."""
