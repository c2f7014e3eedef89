"""Who sends a request: Ralph's own users and passwords, checked without holding up other requests."""

from __future__ import annotations

import asyncio
import base64
import binascii
from hashlib import sha256

from cachetools import TTLCache
from fastapi import HTTPException
from fastapi.security import HTTPBasicCredentials
from ralph.api.auth.basic import get_basic_auth_user
from ralph.api.auth.user import AuthenticatedUser
from ralph.conf import settings

from aspects_lrs.answers import RefusedError

_known: TTLCache[bytes, AuthenticatedUser] = TTLCache(settings.AUTH_CACHE_MAX_SIZE, settings.AUTH_CACHE_TTL)


async def authenticate(header: str) -> AuthenticatedUser:
    """The user of an Authorization header. A password is hashed in a thread, and then remembered for a while.

    Raises RefusedError with 401.
    """
    key = sha256(header.encode()).digest()
    if user := _known.get(key):
        return user
    scheme, _, encoded = header.partition(" ")
    try:
        name, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if scheme.lower() != "basic" or not colon:
        raise _unknown()
    try:
        user = await asyncio.to_thread(get_basic_auth_user, HTTPBasicCredentials(username=name, password=password))
    except HTTPException as error:
        raise _unknown() from error
    if not user:
        raise _unknown()
    _known[key] = user
    return user


def require(user: AuthenticatedUser, scope: str) -> None:
    """Raise RefusedError with 403 when Ralph is told to look at scopes and the user has not this one."""
    if settings.LRS_RESTRICT_BY_SCOPES and not user.scopes.is_authorized(scope):
        raise RefusedError(403, f"This user may not do that: the scope {scope} is missing.")


def _unknown() -> RefusedError:
    return RefusedError(401, "Name and password are missing or wrong.", {"WWW-Authenticate": "Basic"})
