"""Fixtures that every test may use."""

from __future__ import annotations

import gc

from hypothesis import HealthCheck, settings

from tests.support.aws_double import double, double_server
from tests.support.keyring import keyring_session, private_keyring

__all__ = ["double", "double_server", "keyring_session", "private_keyring"]

# Times are the business of benchmarks/: a busy computer must not turn a property red.
settings.register_profile(
    "credguard", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("credguard")


def pytest_runtest_teardown() -> None:
    """Once there was a window in this process, nothing is collected by itself (gui/garbage.py)."""
    if not gc.isenabled():
        from credguard.gui.garbage import collect

        collect()
