"""Which source wins for a profile, held against botocore's own chain."""

from __future__ import annotations

from pathlib import Path

import pytest

from credguard.profiles.read import read_aws_files
from credguard.profiles.shadowing import shadows, winner, winners
from tests.support.aws_files import KEY, SECRET, resolved, write

PLAIN = f"aws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n"
PROCESS = (
    "credential_process = printf "
    '\'{"Version":1,"AccessKeyId":"AKIAZQ4PROCESEXAMPLE","SecretAccessKey":"x"}\'\n'
)
METHODS = {
    "shared-credentials-file": "credentials-file",
    "custom-process": "credential-process",
    "config-file": "config-file",
}


@pytest.mark.parametrize(
    ("config", "credentials"),
    [
        (f"[profile p]\n{PROCESS}", f"[p]\n{PLAIN}"),
        (f"[profile p]\n{PROCESS}{PLAIN}", ""),
        (f"[profile p]\n{PLAIN}", ""),
        (f"[profile p]\n{PROCESS}", "[p]\naws_secret_access_key = left\n"),
        ("", f"[p]\n{PROCESS}"),
        (f"[profile p]\n{PLAIN}", f"[p]\n{PROCESS}"),
    ],
)
def test_the_winner_is_the_one_of_botocore(tmp_path: Path, config: str, credentials: str) -> None:
    paths = write(tmp_path, config.encode(), credentials.encode())
    profile = read_aws_files(*paths).profile("p")
    assert profile is not None
    assert winner(profile) == METHODS[resolved(*paths, "p")[2]]


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ("role_arn = arn:aws:iam::1:role/r\nsource_profile = q", "role"),
        ("web_identity_token_file = /t\nrole_arn = x", "web-identity"),
        ("sso_session = s", "sso"),
        ("login_session = arn:aws:iam::1:root", "login"),
    ],
)
def test_what_wins_over_credential_process(tmp_path: Path, line: str, source: str) -> None:
    paths = write(tmp_path, f"[profile p]\n{line}\n{PROCESS}".encode(), None)
    (found,) = winners(read_aws_files(*paths), lambda process: True)
    assert (found.source, found.ours) == (source, False)


def _said(tmp_path: Path, config: str, credentials: str, environ: dict[str, str]) -> str:
    paths = write(tmp_path, config.encode(), credentials.encode())
    rows = shadows(read_aws_files(*paths), environ, lambda process: process.startswith("printf"))
    assert all(row.fix is not None for row in rows if not row.ok)
    said = "\n".join(str(row.text) for row in rows if not row.ok)
    assert SECRET not in said
    return said


@pytest.mark.parametrize(
    ("config", "credentials", "environ", "words"),
    [
        (f"[profile p]\n{PROCESS}", f"[p]\n{PLAIN}", {}, "and not CredGuard"),
        ("", "[p]\naws_access_key_id =\n", {}, "half a key"),
        ("", "[p]\naws_session_token = x\n", {}, "left-over"),
        ("", f"[p]\n{PLAIN}aws_session_token = x\n", {}, "a session token beside"),
        (f"[profile p]\nendpoint_url = https://sts.example.net/x\n{PROCESS}", "", {}, "sts.example.net"),
        ("[services dev]\nsts =\n  endpoint_url = http://x\n", "", {}, "[services dev]"),
        ("[profile a]\n[profile b]\n", "", {"AWS_PROFILE": "a", "AWS_DEFAULT_PROFILE": "b"}, "Python takes"),
        ("", "", {"AWS_PROFILE": "gone"}, "does not exist"),
        ("", "", {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}, "wins over every profile"),
        ("", "", {"AWS_ACCESS_KEY_ID": KEY}, "stop at it"),
        ("", "", {"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1"}, "AWS_ENDPOINT_URL_STS"),
    ],
)
def test_what_stands_in_the_way_is_named(
    tmp_path: Path, config: str, credentials: str, environ: dict[str, str], words: str
) -> None:
    assert words in _said(tmp_path, config, credentials, environ)


def test_a_clean_computer_has_nothing_in_the_way(tmp_path: Path) -> None:
    config = f"[profile p]\n{PROCESS}endpoint_url = https://sts.eu-west-1.amazonaws.com\n"
    environ = {
        "AWS_PROFILE": "p",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    }
    assert _said(tmp_path, config, "", environ) == ""
