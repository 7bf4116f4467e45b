"""Fixtures that every test may use."""

from __future__ import annotations

from tests.support.aws_double import double, double_server
from tests.support.keyring import keyring_session, private_keyring

__all__ = ["double", "double_server", "keyring_session", "private_keyring"]
