"""Measurements of this machine, each beside the limit or the peer that it is held against."""
