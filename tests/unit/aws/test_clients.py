"""Clients: explicit credentials only, one request where one is meant, and the clock learnt on the way."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest

from credguard.aws.access_keys import AccessKeys
from credguard.aws.clients import AwsClients
from credguard.aws.identity import identify
from credguard.aws.sts import get_session_token
from credguard.domain.errors import AnswerLost, CredGuardError
from credguard.domain.keys import Credentials
from credguard.domain.secret import Secret
from tests.support.clock import FakeClock

KEY = Credentials("AKIATW5NHGREXAMPLE00", Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))
WHO = (
    b"<GetCallerIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><GetCallerIdentityResult>"
    b"<Arn>arn:aws:iam::482011739056:user/m.keller</Arn><UserId>AIDAEXAMPLE</UserId>"
    b"<Account>482011739056</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)


class Server(http.server.ThreadingHTTPServer):
    """Counts requests; drops the connection after reading each one, or tells who one is."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.signed: list[str] = []
        self.drop = True
        self.date: float | None = None
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.bodies.append(body)
        self.server.signed.append(self.headers.get("Authorization", ""))
        if self.server.drop:
            self.close_connection = True
            return
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(WHO)))
        if self.server.date is not None:
            self.send_header("Date", formatdate(self.server.date, usegmt=True))
        self.end_headers()
        self.wfile.write(WHO)

    def log_message(self, *_: Any) -> None:
        return None


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


def _clients(server: Server, clock: FakeClock | None = None) -> AwsClients:
    return AwsClients(clock or FakeClock(), {"AWS_ENDPOINT_URL": server.url})


@pytest.mark.parametrize("maximum", [None, "5"])
def test_a_key_is_asked_for_once(
    server: Server, maximum: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3 repeats CreateAccessKey by itself unless told not to; the environment must not tell it to."""
    if maximum:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", maximum)
    with pytest.raises(AnswerLost):
        AccessKeys(_clients(server), KEY, "m.keller").create()
    assert len(server.bodies) == 1
    assert "Action=CreateAccessKey" in server.bodies[0]
    assert "UserName=m.keller" in server.bodies[0]


def test_a_code_is_sent_once(server: Server) -> None:
    with pytest.raises(AnswerLost):
        get_session_token(
            _clients(server), KEY, serial="arn:aws:iam::482011739056:mfa/x", code=Secret("123456")
        )
    assert len(server.bodies) == 1


def test_looking_is_repeated(server: Server) -> None:
    with pytest.raises(CredGuardError) as caught:
        AccessKeys(_clients(server), KEY, "m.keller").list()
    assert not isinstance(caught.value, AnswerLost)
    assert caught.value.code == "no-network"
    assert len(server.bodies) == 3


def test_the_users_are_always_named(server: Server) -> None:
    keys = AccessKeys(_clients(server), KEY, "m.keller")
    for call in (keys.list, lambda: keys.set_status("AKIAEXAMPLE000000000", False)):
        with pytest.raises(CredGuardError):
            call()
    assert all("UserName=m.keller" in body for body in server.bodies)


def test_nothing_ambient_is_used(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "config").write_text("[default]\nregion = mars-1\nmax_attempts = 9\n[broken\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAAMBIENTEXAMPLE00")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ambient/EXAMPLE")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "ambient-token-EXAMPLE")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "mars-2")
    server.drop = False
    assert identify(_clients(server), KEY).account_id == "482011739056"
    assert "Credential=AKIATW5NHGREXAMPLE00/" in server.signed[0]
    assert "/us-east-1/sts/" in server.signed[0]
    assert "x-amz-security-token" not in server.signed[0]


def test_the_clock_is_learnt_from_the_answer(server: Server) -> None:
    clock = FakeClock(1_795_000_000.0)
    server.drop, server.date = False, clock.now() + 400
    clients = _clients(server, clock)
    identify(clients, KEY)
    assert clients.clock_offset == pytest.approx(400, abs=1)


def test_the_endpoint_of_a_service_comes_first() -> None:
    both = {"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_STS": "http://b"}
    assert AwsClients(environ=both).endpoint("sts") == "http://b"
    assert AwsClients(environ=both).endpoint("iam") == "http://a"
    assert AwsClients(environ={}).endpoint("iam") is None
    off = {**both, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE"}
    assert AwsClients(environ=off).endpoint("sts") is None


@pytest.mark.parametrize(
    ("region", "endpoint", "code"),
    [
        ("not a region", "http://127.0.0.1:9", "no-such-region"),
        (None, "nonsense", "no-such-endpoint"),
        (None, "http://127.0.0.1:9", "no-network"),
    ],
)
def test_what_is_wrong_with_the_address_is_said(region: str | None, endpoint: str, code: str) -> None:
    with pytest.raises(CredGuardError) as caught:
        identify(AwsClients(FakeClock(), {"AWS_ENDPOINT_URL": endpoint}), KEY, region=region, attempts=1)
    assert caught.value.code == code
    assert "EXAMPLE" not in str(caught.value.what) + caught.value.detail


@pytest.mark.parametrize(
    ("partition", "where"), [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1"), ("aws", "us-east-1")]
)
def test_each_partition_has_its_region(server: Server, partition: str, where: str) -> None:
    server.drop = False
    identify(_clients(server), KEY, partition=partition)
    assert f"/{where}/sts/" in server.signed[0]
