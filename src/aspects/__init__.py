"""Aspects: learner analytics for Open edX."""

__version__ = "0.1.0"
