"""A catalog in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from credguard.catalog.database import Database, open_database


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def database(home: Path) -> Iterator[Database]:
    database = open_database(str(home / "catalog.sqlite"))
    yield database
    database.close()
