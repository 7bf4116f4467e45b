"""Import against a plain moto server through AWS_ENDPOINT_URL: the identity is really asked over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from credguard.aws.clients import AwsClients
from credguard.aws.identity import identify
from credguard.domain.accounts import Identity
from credguard.domain.keys import Credentials
from credguard.domain.secret import Secret
from tests.support.intake import Computer


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = pytest.importorskip("moto.server").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def test_a_key_of_moto_moves_and_says_who_it_is(endpoint: str, tmp_path: Path) -> None:
    clients = AwsClients(environ={"AWS_ENDPOINT_URL": endpoint})
    maker = clients.client("iam", Credentials("AKIAZQ4NORTHWEXAMPLE", Secret("EXAMPLE")))
    maker.create_user(UserName="alice")
    made = maker.create_access_key(UserName="alice")["AccessKey"]
    computer = Computer(tmp_path)
    key, secret = made["AccessKeyId"], made["SecretAccessKey"]
    data = f"[default]\naws_access_key_id={key}\naws_secret_access_key={secret}\n"
    computer.write(data.encode(), b"[default]\nregion = eu-west-1\n")

    def who(credentials: Credentials, *, region: str | None, endpoint_url: str | None) -> Identity:
        return identify(clients, credentials, region=region)

    (outcome,) = computer.import_all(identify=who)
    assert outcome.ok, outcome.summary
    assert outcome.arn is not None
    assert outcome.arn.endswith(":user/alice")
    assert computer.resolved("default") == (made["AccessKeyId"], "custom-process")
    assert [a.name for a in computer.tools().accounts.all()] == ["alice"]
    assert computer.plaintext_left(made["SecretAccessKey"]) == []


def test_no_network_changes_nothing(tmp_path: Path) -> None:
    clients = AwsClients(environ={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    computer = Computer(tmp_path)
    data = b"[default]\naws_access_key_id=AKIAZQ4NORTHWEXAMPLE\n"
    computer.write(data + b"aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n")
    before = computer.files()

    def who(credentials: Credentials, *, region: str | None, endpoint_url: str | None) -> Identity:
        return identify(clients, credentials, region=region, attempts=1)

    (outcome,) = computer.import_all(identify=who)
    assert outcome.failure is not None
    assert outcome.failure.code == "no-network"
    assert computer.files() == before
    assert computer.store.names() == ()
