"""What is known of the translated copies of assets: their identities."""

from __future__ import annotations

from uuid import UUID, uuid5

LOCALES = ("ar", "de", "es", "fr", "zh")
"""The languages that assets are translated into, besides English."""


def translated_uuid(uuid: str | UUID, locale: str) -> str:
    """The identity of an asset's copy in another language; the same on every machine."""
    return str(uuid5(UUID(str(uuid)), locale))
