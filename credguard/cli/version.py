"""Which version this is."""

from __future__ import annotations


def version() -> str:
    """The installed version, or the one being worked on in a checkout that was never installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("credguard-desktop")
    except PackageNotFoundError:
        return "0 (not installed)"
