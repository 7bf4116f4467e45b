"""Fifty programs ask at once: one STS call, and no code is sent twice. Real processes, real stores."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from credguard.demo.cloud.server import Double
from tests.support.keyring import PrivateKeyring
from tests.support.sessions import SCRIPT, Ended, SessionDesk, remove, session_desk, short_folder

CROWD = 50


@pytest.fixture(params=["keychain", "sealed"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def desk(
    kind: str, double: Double, private_keyring: PrivateKeyring, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SessionDesk]:
    folder = short_folder()
    for name in ("CREDGUARD_STORE", "CREDGUARD_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CREDGUARD_HOME", str(folder / "state"))
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("AWS_ENDPOINT_URL", double.url)
    try:
        with session_desk(double, kind, dict(private_keyring.env)) as made:
            yield made
    finally:
        remove(folder)


def sessions(ended: list[Ended]) -> set[str]:
    """The key ids that were answered; every process has to have ended well."""
    wrong = [one.err for one in ended if one.code != 0]
    assert wrong == []
    return {json.loads(one.out)["AccessKeyId"] for one in ended}


def no_code_twice(desk: SessionDesk, calls: int) -> None:
    """AWS saw as many codes as calls, and took each of them."""
    assert sum(desk.device.tries.values()) == len(desk.device.used) == calls


def test_fifty_programs_make_one_call(desk: SessionDesk) -> None:
    ended = desk.at_once([[SCRIPT, "--profile", ("p-0", "work0")[n % 2]] for n in range(CROWD)])
    assert len(sessions(ended)) == 1
    assert desk.double.counters.of("GetSessionToken") == 1
    no_code_twice(desk, 1)
