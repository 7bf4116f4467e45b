"""Which profiles an import from another vault serves; kills and failures leave them as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from credguard.domain.secret import Secret
from credguard.workflows import intake_vaults
from credguard.workflows.intake import finish_interrupted, import_keys
from credguard.workflows.intake_vaults import InVault, find_in_vault
from credguard.workflows.undo_import import plan, undo_import
from tests.support.aws_files import KEY, KEY_2, SECRET, SECRET_2
from tests.support.go_keyring import credentials, item, locked_with, write_file
from tests.support.intake import Computer

PASSWORD = Secret("file passphrase EXAMPLE")
ARN = "arn:aws:iam::123456789012:user/alice"


class Killed(BaseException):
    pass


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    made = Computer(tmp_path)
    made.cloud.keys[KEY_2] = (SECRET_2, "arn:aws:iam::210987654321:user/bob")
    made.environ = {"AWS_VAULT_BACKEND": "file", "AWS_VAULT_FILE_DIR": str(tmp_path / "keys")}
    write_file(tmp_path / "keys", "work", PASSWORD.reveal(), credentials(KEY, SECRET))
    return made


def _look(computer: Computer, *profiles: str, source: str = "aws-vault") -> InVault:
    return find_in_vault(
        source,
        config_path=computer.config,
        credentials_path=computer.credentials,
        environ=computer.environ,
        ask=lambda question: PASSWORD,
        profiles=profiles,
    )


def _tools(computer: Computer, found: InVault, **more: Any) -> Any:
    return computer.tools(held=lambda f: found.held.get((f.source, f.name, f.access_key_id)), **more)


def _rows(found: InVault) -> list[tuple[str | None, str | None, bool]]:
    return [(row.profile, row.found.replaces, row.found.edits) for row in found.keys]


LINE = "aws-vault exec work --json"


@pytest.mark.parametrize(
    ("config", "rows"),
    [
        ("", [("work", None, True)]),
        ("[profile work]\nregion = eu-west-1\n", [("work", None, True)]),
        (f"[profile work]\ncredential_process = {LINE}\n", [("work", LINE, True)]),
        (f"[profile a]\ncredential_process = {LINE}\n", [("a", LINE, True)]),
        (
            f"[profile a]\ncredential_process = {LINE}\n[profile b]\ncredential_process={LINE}\n"
            "[profile work]\n",
            [("a", LINE, True), ("b", LINE, True)],
        ),
        ("[profile work]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = y\n", [(None, None, False)]),
        ("[profile work]\ncredential_process = other-tool\n", [(None, None, False)]),
        (
            f"[profile work]\nsso_session = x\n[profile a]\ncredential_process = {LINE}\n",
            [(None, None, False)],
        ),
        (f"[profile a]\nrole_arn = r\ncredential_process = {LINE}\n", [(None, None, False)]),
    ],
)
def test_the_profiles_that_are_served(
    computer: Computer, config: str, rows: list[tuple[str | None, str | None, bool]]
) -> None:
    computer.write(config=config.encode())
    assert _rows(_look(computer)) == rows


def test_a_profile_with_keys_of_its_own_stays(computer: Computer) -> None:
    computer.write(f"[work]\naws_access_key_id={KEY_2}\naws_secret_access_key={SECRET_2}\n".encode())
    assert _rows(_look(computer)) == [(None, None, False)]


def test_what_stays_is_named(computer: Computer) -> None:
    computer.write(
        config=b"[profile a]\ncredential_process = aws-vault exec gone\n"
        b"[profile admin]\nrole_arn = r\ncredential_process = aws-vault exec work\n"
    )
    assert [str(p) for p in _look(computer).problems] == [
        "a goes on with aws-vault: aws-vault holds no key called gone.",
        "admin goes on with aws-vault: it is for a role, or has keys of its own.",
    ]


def test_the_mfa_device_comes_along(computer: Computer) -> None:
    serial = "arn:aws:iam::123456789012:mfa/alice"
    computer.write(
        config=f"[profile work]\nmfa_serial = {serial}\n[profile a]\ncredential_process = {LINE}\n".encode()
    )
    (row,) = _look(computer).keys
    assert row.found.mfa_serial == serial
    assert "totp add" in str(row.note)


def test_an_import_is_proved_and_can_be_undone(computer: Computer) -> None:
    config = f"# mine\n[profile a]\ncredential_process = {LINE}\noutput = json\n".encode()
    computer.write(config=config)
    found = _look(computer)
    (outcome,) = import_keys(found.keys, _tools(computer, found))
    assert outcome.ok, outcome.failure
    assert computer.resolved("a") == (KEY, "custom-process")
    assert b"aws-vault" not in Path(computer.config).read_bytes()
    todo = plan(computer.tools())
    assert (todo.count, todo.plain) == (1, 0)
    assert undo_import(computer.tools()).ok
    assert Path(computer.config).read_bytes() == config
    assert (computer.folder / "keys" / "work").exists()


def test_a_key_that_aws_does_not_know_leaves_everything(computer: Computer) -> None:
    config = f"[profile a]\ncredential_process = {LINE}\n".encode()
    computer.write(config=config)
    computer.cloud.keys.clear()
    found = _look(computer)
    (outcome,) = import_keys(found.keys, _tools(computer, found))
    assert outcome.failure is not None
    assert outcome.failure.code == "key-unknown"
    assert Path(computer.config).read_bytes() == config
    assert computer.store.names() == ()


def test_a_line_that_changed_meanwhile_stays(computer: Computer) -> None:
    computer.write(config=f"[profile a]\ncredential_process = {LINE}\n".encode())
    found = _look(computer)
    other = b"[profile a]\ncredential_process = other-tool\n"
    computer.write(config=other)
    (outcome,) = import_keys(found.keys, _tools(computer, found))
    assert outcome.failure is not None
    assert outcome.failure.code == "profile-taken"
    assert Path(computer.config).read_bytes() == other


def test_killed_at_every_step_it_goes_on_or_is_as_it_was(tmp_path: Path) -> None:
    """The next process does not have the other vault open."""
    for stop in range(0, 100, 3):
        folder = tmp_path / str(stop)
        folder.mkdir()
        computer = Computer(folder)
        computer.environ = {"AWS_VAULT_BACKEND": "file", "AWS_VAULT_FILE_DIR": str(folder / "keys")}
        write_file(folder / "keys", "work", PASSWORD.reveal(), credentials(KEY, SECRET))
        config = f"[profile a]\ncredential_process = {LINE}\n".encode()
        computer.write(config=config)
        found = _look(computer)
        ticks = 0

        def fault(tick: str, stop: int = stop) -> None:
            nonlocal ticks
            ticks += 1
            if ticks == stop + 1:
                raise Killed

        try:
            import_keys(found.keys, _tools(computer, found, fault=fault))
        except Killed:
            pass
        else:
            assert stop > 10
            return
        outcomes = finish_interrupted(computer.tools())
        text = Path(computer.config).read_bytes()
        if all(outcome.ok for outcome in outcomes) and b"aws-vault" not in text:
            assert computer.resolved("a") == (KEY, "custom-process"), stop
        else:
            assert text == config, stop
            found = _look(computer)
            (outcome,) = import_keys(found.keys, _tools(computer, found))
            assert outcome.ok, (stop, outcome.failure)
    raise AssertionError("it never came to its end")


def test_names_may_be_chosen(computer: Computer) -> None:
    write_file(computer.folder / "keys", "second", PASSWORD.reveal(), credentials(KEY_2, SECRET_2))
    assert [row.name for row in _look(computer).keys] == ["second", "work"]
    assert [row.name for row in _look(computer, "work").keys] == ["work"]


def test_the_sources() -> None:
    for source in ("aws-vault", "granted", "kdbx:/x"):
        assert intake_vaults.is_vault(source)
    for other in (None, "aws", "env", "csv:x", "vault"):
        assert not intake_vaults.is_vault(other)


@pytest.mark.parametrize(
    "name",
    [
        "x]\n[default]\ncredential_process = evil\n[profile y",
        "x]\ncredential_process = evil\n[profile y",
        "a\nb",
        "a\rb",
        "a\x00b",
        "a\x1b[31mb",
        "a\u2028b",
    ],
    ids=repr,
)
def test_a_name_of_another_vault_never_begins_a_line_of_its_own(computer: Computer, name: str) -> None:
    """Such names stand in the folder as `%0A`; the key is stored, the AWS files stay as they are."""
    folder = Path(computer.environ["AWS_VAULT_FILE_DIR"])
    (folder / "work").unlink()
    file = "".join(f"%{ord(c):02X}" if ord(c) < 128 and not c.isalnum() else c for c in name)
    locked = locked_with(PASSWORD.reveal(), item(name, credentials(KEY, SECRET)))
    (folder / file).write_text(locked)
    Path(computer.config).write_text("[default]\nregion = eu-west-1\n")
    found = _look(computer)
    assert [row.name for row in found.keys] == [name]
    (outcome,) = import_keys(found.keys, _tools(computer, found))
    assert not outcome.ok
    assert outcome.failure is not None
    assert outcome.failure.code == "key-not-movable"
    assert Path(computer.config).read_text() == "[default]\nregion = eu-west-1\n"
