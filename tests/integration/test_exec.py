"""`credguard exec` and `env`: real commands, real sessions of keys and roles, the double over HTTP."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator

import pytest

from credguard.demo.cloud.companies import ACME_PRODUCTION
from credguard.demo.cloud.server import Double
from credguard.wire import places
from tests.support.agent import until_true
from tests.support.aws_double import client
from tests.support.laptop import AWS
from tests.support.sessions import ACCOUNT, ARN, KEY, SessionDesk, remove, session_desk, short_folder

PROGRAM = [sys.executable, "-I", f"{places.package()}/__main__.py"]
SHOW = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"
WHO_AS = """
import boto3, json
session = boto3.Session(profile_name="admin")
print(json.dumps(session.client("sts").get_caller_identity()["Arn"]))
"""
WHO = """
import boto3, json
print(json.dumps(boto3.client("sts", region_name="us-east-1").get_caller_identity()["Arn"]))
"""


@pytest.fixture
def desk(double: Double, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionDesk]:
    folder = short_folder()
    for name in ("CREDGUARD_STORE", "CREDGUARD_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    nobody = f"unix:path={folder}/nobody"
    monkeypatch.setenv("CREDGUARD_HOME", str(folder / "state"))
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("AWS_ENDPOINT_URL", double.url)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", nobody)
    try:
        with session_desk(double, "sealed", {"DBUS_SESSION_BUS_ADDRESS": nobody}) as made:
            yield made
    finally:
        remove(folder)


def run(desk: SessionDesk, *words: str, **more: str) -> tuple[int, str, str]:
    process = desk.begin([*PROGRAM, *words], more)
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def role(desk: SessionDesk, name: str) -> str:
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ARN},
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        },
    }  # fmt: skip
    client(desk.double, "iam", ACME_PRODUCTION).create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(trust)
    )
    return f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/maria"


def test_a_command_works_with_the_session_and_with_nothing_else(desk: SessionDesk) -> None:
    foreign = {
        "AWS_PROFILE": "other", "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_ROLE_ARN": "x",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/",
    }  # fmt: skip
    code, out, err = run(desk, "exec", "work0", "--", sys.executable, "-c", SHOW, "-x", "--role", **foreign)
    assert code == 0, err
    arguments, environ = json.loads(out)
    assert arguments == ["-x", "--role"]
    assert environ["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert environ["AWS_SESSION_TOKEN"]
    assert environ["AWS_CREDENTIAL_EXPIRATION"].endswith("Z")
    assert not set(foreign) & set(environ) - {"AWS_ACCESS_KEY_ID"}
    code, out, err = run(desk, "exec", "work0", "--", sys.executable, "-c", WHO)
    assert code == 0, err
    assert json.loads(out) == ARN
    assert desk.double.counters.of("GetSessionToken") == 1


def test_a_role_goes_through_the_session_of_the_device(desk: SessionDesk) -> None:
    who = role(desk, "Admin")
    for name in ("Admin", f"arn:aws:iam::{ACCOUNT}:role/Admin"):
        code, out, err = run(desk, "exec", "work0", "--role", name, "--", sys.executable, "-c", WHO)
        assert code == 0, err
        assert json.loads(out) == who
    assert desk.double.counters.of("AssumeRole") == 1  # the second one found it
    assert len(desk.device.used) == 1
    code, out, err = run(desk, "activity", "--json")
    assert code == 0, err
    lines = [row["action"] for row in json.loads(out) if row["kind"] == "use"]
    assert any(f"took the role arn:aws:iam::{ACCOUNT}:role/Admin" in line for line in lines), lines


def test_the_duration_is_that_of_the_session(desk: SessionDesk) -> None:
    role(desk, "Admin")
    code, _, err = run(desk, "exec", "work0", "--role", "Admin", "--duration", "30m", "--", "env")
    assert code == 0, err
    code, _, err = run(desk, "exec", "work0", "--duration", "15m", "--", "env")
    assert code == 0, err
    made = [s.expires - desk.double.clock.now() for s in desk.double.state.sessions.values()]
    assert [round(left, -2) for left in sorted(made)][:2] == [900, 1800]
    for wrong, expected in (("5m", 1), ("two hours", 2)):
        code, _, err = run(desk, "exec", "work0", "--duration", wrong, "--", "env")
        assert code == expected, err


def test_the_exit_code_and_signals_are_those_of_the_command(desk: SessionDesk) -> None:
    assert run(desk, "exec", "work0", "--", "sh", "-c", "exit 41")[0] == 41
    code, out, err = run(desk, "exec", "work0", "--", "no-such-program-here")
    assert (code, out) == (1, "")
    assert "no-such-program-here could not be started" in err
    said = desk.folder / "running"
    waits = f"import pathlib, time; pathlib.Path({str(said)!r}).touch(); time.sleep(60)"
    process = desk.begin([*PROGRAM, "exec", "work0", "--", sys.executable, "-c", waits])
    until_true(said.exists, 60)
    os.kill(process.pid, signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGTERM


def test_no_secret_is_in_the_arguments_and_env_prints_none(desk: SessionDesk) -> None:
    cat = "import sys; print(open('/proc/self/cmdline').read())"
    code, out, err = run(desk, "exec", "work0", "--", sys.executable, "-c", cat)
    assert code == 0, err
    secrets = [ACME_PRODUCTION.secret(), *(s.secret for s in desk.double.state.sessions.values())]
    assert not any(secret in out for secret in secrets)
    code, out, err = run(desk, "env", "work0")
    assert code == 0, err
    assert "export AWS_PROFILE=work0" in out
    assert KEY not in out
    code, out, _ = run(desk, "env", "work0", "--json")
    assert json.loads(out)["set"] == {"AWS_PROFILE": "work0"}


@pytest.mark.awscli
@pytest.mark.skipif(AWS is None, reason="no aws command line here")
def test_a_role_profile_of_the_aws_tools_goes_on_with_our_profile_as_its_source(desk: SessionDesk) -> None:
    who = role(desk, "Admin")
    (desk.folder / "config").write_text(
        f"[profile work0]\ncredential_process = {' '.join(places.helper())} p-0\nregion = us-east-1\n"
        f"[profile admin]\nrole_arn = arn:aws:iam::{ACCOUNT}:role/Admin\nsource_profile = work0\n"
        "role_session_name = maria\nregion = us-east-1\n"
    )
    process = desk.begin([str(AWS), "sts", "get-caller-identity", "--profile", "admin", "--output", "json"])
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert json.loads(out)["Arn"] == who
    code, out, err = run(desk, "exec", "work0", "--", sys.executable, "-c", WHO_AS, AWS_PROFILE="admin")
    assert code == 0, err
    assert json.loads(out) == who
    assert len(desk.device.used) == 1


def test_sessions_go_with_their_key(desk: SessionDesk) -> None:
    role(desk, "Admin")
    assert run(desk, "exec", "work0", "--role", "Admin", "--", "env")[0] == 0
    assert len(desk.store.names("session/")) == 2
    desk.services.remove_key(desk.services.remove_plan(desk.services.target("work0")))
    assert desk.store.names("session/") == ()
