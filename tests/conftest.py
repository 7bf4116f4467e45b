"""Fixtures that every test may use."""

from __future__ import annotations

from tests.support.keyring import keyring_session, private_keyring

__all__ = ["keyring_session", "private_keyring"]
