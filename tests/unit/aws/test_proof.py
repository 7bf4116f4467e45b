"""What botocore gets for a profile, from the two files alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from credguard.aws.proof import resolve_profile
from credguard.domain.errors import CredGuardError

PLAIN = (
    "[{name}]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
)


def _files(folder: Path, config: str, credentials: str) -> tuple[str, str]:
    (folder / "config").write_text(config, encoding="utf-8")
    (folder / "credentials").write_text(credentials, encoding="utf-8")
    return str(folder / "config"), str(folder / "credentials")


def _process(folder: Path) -> str:
    script = folder / "answer.py"
    script.write_text(
        'print(\'{"Version":1,"AccessKeyId":"AKIAPROCESSEXAMPLE",'
        '"SecretAccessKey":"x","AccountId":"123456789012"}\')'
    )
    return f"{sys.executable} {script}"


def test_the_plain_key_and_the_process(tmp_path: Path) -> None:
    config, credentials = _files(
        tmp_path,
        f'[profile "my client"]\ncredential_process = {_process(tmp_path)}\n',
        PLAIN.format(name="old ünï"),
    )
    assert resolve_profile("old ünï", config, credentials).method == "shared-credentials-file"
    found = resolve_profile("my client", config, credentials)
    assert (found.access_key_id, found.method) == ("AKIAPROCESSEXAMPLE", "custom-process")


def test_the_credentials_file_wins_over_the_process(tmp_path: Path) -> None:
    config, credentials = _files(
        tmp_path, f"[profile a]\ncredential_process = {_process(tmp_path)}\n", PLAIN.format(name="a")
    )
    assert resolve_profile("a", config, credentials).access_key_id == "AKIAIOSFODNN7EXAMPLE"


def test_the_environment_does_not_answer_for_a_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENTEXAMP")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    config, credentials = _files(tmp_path, "[profile a]\nregion = eu-west-1\n", "")
    with pytest.raises(CredGuardError) as caught:
        resolve_profile("a", config, credentials)
    assert caught.value.code == "proof-failed"


@pytest.mark.parametrize("command", ["/does/not/exist", "false"])
def test_a_process_that_fails_is_a_sentence(tmp_path: Path, command: str) -> None:
    config, credentials = _files(tmp_path, f"[profile a]\ncredential_process = {command}\n", "")
    with pytest.raises(CredGuardError) as caught:
        resolve_profile("a", config, credentials)
    assert caught.value.code == "proof-failed"


def test_a_missing_profile_is_a_sentence(tmp_path: Path) -> None:
    config, credentials = _files(tmp_path, "", "")
    with pytest.raises(CredGuardError):
        resolve_profile("nobody", config, credentials)
