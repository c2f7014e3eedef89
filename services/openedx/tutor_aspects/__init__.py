"""Learner analytics beside an Open edX that Tutor runs."""

__version__ = "0.1.0"
