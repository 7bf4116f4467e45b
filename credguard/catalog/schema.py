"""The steps that build the schema, in order: migrations/NNNN_title.sql."""

from __future__ import annotations

import os
import re

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


def scripts() -> tuple[str, ...]:
    """The text of each migration; number N brings the schema from version N − 1 to N."""
    folder = os.path.join(os.path.dirname(__file__), "migrations")
    found = sorted(name for name in os.listdir(folder) if _NAME.fullmatch(name))
    numbers = [int(name[:4]) for name in found]
    if numbers != list(range(1, len(found) + 1)):
        raise AssertionError(f"migrations are not numbered 1…n: {found}")
    texts = []
    for name in found:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            texts.append(file.read())
    return tuple(texts)
