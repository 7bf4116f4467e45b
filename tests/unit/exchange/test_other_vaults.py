"""What aws-vault and granted keep: their files, their names, the lines that run them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.exchange import jwe
from credguard.exchange.go_keyring import folder_names, keychain_names
from credguard.exchange.other_vaults import Program, aws_vault, granted, read_keys, served_name
from tests.support.aws_files import KEY, KEY_2, SECRET, SECRET_2
from tests.support.go_keyring import credentials, locked_with, write_file
from tests.support.vault_samples import GO_KEYRING_FILE, GO_KEYRING_PASSWORD

PASSWORD = Secret(GO_KEYRING_PASSWORD)


def _asked(question: str) -> Secret:
    raise AssertionError("nobody was to be asked")


def _program(folder: Path, **more: object) -> Program:
    given = {"backend": "file", "password": "AWS_VAULT_FILE_PASSPHRASE", **more}
    return Program("aws-vault", "aws-vault", "awsvault", "", str(folder), **given)  # type: ignore[arg-type]


def test_the_file_that_the_go_library_wrote() -> None:
    item = json.loads(jwe.decrypt(GO_KEYRING_FILE, PASSWORD))
    assert item["Key"] == "work"
    with pytest.raises(jwe.WrongPassword):
        jwe.decrypt(GO_KEYRING_FILE, Secret("another EXAMPLE"))


def test_every_cut_and_every_changed_character_is_noticed() -> None:
    for length in range(len(GO_KEYRING_FILE)):
        with pytest.raises((jwe.Unreadable, jwe.WrongPassword)):
            jwe.decrypt(GO_KEYRING_FILE[:length], PASSWORD)
    parts = GO_KEYRING_FILE.split(".")
    for number, part in enumerate(parts):
        for at in range(len(part) - 1):  # the last character of a part may hold bits of nothing
            other = "A" if part[at] != "A" else "B"
            changed = [*parts[:number], part[:at] + other + part[at + 1 :], *parts[number + 1 :]]
            with pytest.raises((jwe.Unreadable, jwe.WrongPassword)):
                jwe.decrypt(".".join(changed), PASSWORD)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "dir", "enc": "A256GCM", "p2c": 1, "p2s": "AAAA"},
        {"alg": jwe.ALGORITHM, "enc": "A128CBC-HS256", "p2c": 1, "p2s": "AAAA"},
        {"alg": jwe.ALGORITHM, "enc": jwe.ENCRYPTION, "p2c": 1 << 40, "p2s": "AAAA"},
        {"alg": jwe.ALGORITHM, "enc": jwe.ENCRYPTION, "p2c": True, "p2s": "AAAA"},
        {"alg": jwe.ALGORITHM, "enc": jwe.ENCRYPTION, "p2c": 1},
        ["alg"],
        "alg",
    ],
)
def test_other_headers_are_refused_before_any_work(header: object) -> None:
    import base64

    first = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    with pytest.raises(jwe.Unreadable):
        jwe.decrypt(".".join([first, *locked_with("x", b"y").split(".")[1:]]), Secret("x"))


def test_a_folder_of_keys_sessions_and_names_with_slashes(tmp_path: Path) -> None:
    (tmp_path / "work").write_text(GO_KEYRING_FILE)
    write_file(tmp_path, "team/prod 100%", GO_KEYRING_PASSWORD, credentials(KEY_2, SECRET_2))
    session = "sts.GetSessionToken,d29yaw,,1800000000"
    (tmp_path / session).write_text("locked with whatever")
    write_file(tmp_path, "temporary", GO_KEYRING_PASSWORD, credentials("ASIA" + KEY[4:], SECRET, "token"))
    assert set(folder_names(str(tmp_path))) == {"work", "team/prod 100%", session, "temporary"}
    found = read_keys(_program(tmp_path), {}, _asked, PASSWORD)
    assert [(k.name, k.access_key_id, k.secret) for k in found] == [
        ("team/prod 100%", KEY_2, Secret(SECRET_2)),
        ("work", KEY, Secret(SECRET)),
    ]


def test_the_password_comes_from_where_the_program_takes_it(tmp_path: Path) -> None:
    (tmp_path / "work").write_text(GO_KEYRING_FILE)
    program = _program(tmp_path)
    assert len(read_keys(program, {program.password: GO_KEYRING_PASSWORD}, _asked)) == 1
    asked = []

    def ask(question: str) -> Secret:
        asked.append(question)
        return PASSWORD

    assert len(read_keys(program, {program.password: "an old one"}, ask)) == 1
    assert asked == [f"Password of {tmp_path}"]
    with pytest.raises(CredGuardError) as caught:
        read_keys(program, {}, _asked, Secret("wrong EXAMPLE"))
    assert caught.value.code == "wrong-passphrase"


def test_granted_locks_its_files_with_an_empty_password_where_nobody_set_one(tmp_path: Path) -> None:
    write_file(tmp_path, "work", "", credentials(KEY, SECRET))
    assert len(read_keys(_program(tmp_path, may_be_empty=True), {}, _asked)) == 1


def test_a_damaged_item_is_named(tmp_path: Path) -> None:
    for content in ("", "not a token", GO_KEYRING_FILE[:-20], locked_with(GO_KEYRING_PASSWORD, b"[]")):
        (tmp_path / "work").write_text(content)
        with pytest.raises(CredGuardError) as caught:
            read_keys(_program(tmp_path), {}, _asked, PASSWORD)
        assert caught.value.code in {"vault-item-unreadable", "wrong-passphrase"}, content[:20]


@pytest.mark.parametrize("kind", ["pass", "kwallet", "keyctl", "wincred", "op"])
def test_a_store_that_is_not_read_is_said_with_a_way_round(tmp_path: Path, kind: str) -> None:
    with pytest.raises(CredGuardError) as caught:
        read_keys(_program(tmp_path, backend=kind), {}, _asked)
    assert caught.value.code == "vault-kind"
    assert kind in str(caught.value.what)
    assert "--from env" in str(caught.value.next)


def test_nothing_there_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(CredGuardError) as caught:
        read_keys(_program(tmp_path / "none"), {}, _asked)
    assert caught.value.code == "no-such-vault"
    assert str(tmp_path) in str(caught.value.next)


def test_the_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    found = aws_vault({})
    assert (found.collection, found.folder) == ("awsvault", str(tmp_path / ".awsvault" / "keys"))
    found = aws_vault({"AWS_VAULT_FILE_DIR": "~/other", "AWS_VAULT_BACKEND": "pass"})
    assert (found.folder, found.backend) == (str(tmp_path / "other"), "pass")
    found = granted({})
    assert found.collection == "granted-aws-iam-credentials"
    assert found.folder == str(tmp_path / ".granted" / "secure-storage-aws-iam-credentials")
    (tmp_path / ".granted").mkdir()
    (tmp_path / ".granted" / "config").write_text('[Keyring]\nBackend = "file"\nFileDir = "/somewhere"\n')
    found = granted({})
    assert (found.backend, found.folder) == ("file", "/somewhere")


@pytest.mark.parametrize(
    ("program", "line", "name"),
    [
        ("aws-vault", "aws-vault exec work --json", "work"),
        (
            "aws-vault",
            "/usr/local/bin/aws-vault --prompt=terminal exec --no-session -d 1h work --json",
            "work",
        ),
        ("aws-vault", "aws-vault --backend file export --format=json 'my work'", "my work"),
        ("aws-vault", r"'C:\tools\aws-vault.exe' exec work -j", "work"),
        ("aws-vault", "aws-vault exec work -- aws sts get-caller-identity", "work"),
        ("aws-vault", "aws-vault list", None),
        ("aws-vault", "aws-vault exec", None),
        ("aws-vault", "my-aws-vault exec work", None),
        ("aws-vault", "granted credential-process --profile work", None),
        ("aws-vault", "unbalanced 'quote", None),
        ("aws-vault", "", None),
        ("granted", "granted credential-process --profile work", "work"),
        ("granted", "/opt/dgranted credential-process --auto-login --profile=work", "work"),
        ("granted", "granted sso login --profile work", None),
    ],
)
def test_the_lines_that_run_them(program: str, line: str, name: str | None) -> None:
    assert served_name(program, line) == name


def test_the_names_in_a_macos_keychain() -> None:
    """As `security dump-keychain` prints items."""
    dump = """keychain: "/Users/a/Library/Keychains/aws-vault.keychain-db"
version: 512
class: "genp"
attributes:
    0x00000007 <blob>="aws-vault (work)"
    "acct"<blob>="work"
    "svce"<blob>="aws-vault"
keychain: "/Users/a/Library/Keychains/aws-vault.keychain-db"
class: "genp"
attributes:
    "acct"<blob>=0x62C3BC726F  "b\\303\\274ro"
    "svce"<blob>="aws-vault"
keychain: "/Users/a/Library/Keychains/aws-vault.keychain-db"
class: "genp"
attributes:
    "acct"<blob>="other"
    "svce"<blob>="another service"
"""
    assert keychain_names(dump, "aws-vault") == ("work", "büro")


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "PBES2-HS384+A192KW"},
        {"alg": "PBES2-HS512+A256KW"},
        {"alg": "none"},
        {"alg": None},
        {"alg": ["PBES2-HS256+A128KW"]},
        {"enc": "A128GCM"},
        {"enc": "none"},
        {"zip": "DEF"},
        {"zip": None},
        {"crit": ["b64"], "b64": False},
        {"p2c": 0},
        {"p2c": -1},
        {"p2c": 8192.0},
        {"p2c": "8192"},
        {"p2c": jwe.MAX_ROUNDS + 1},
        {"p2c": 10**4000},
        {"p2c": None},
        {"p2s": 1},
        {"p2s": ["AAAA"]},
        {"p2s": "Ä"},
        {"p2s": "!!!!"},
    ],
    ids=str,
)
def test_no_variant_of_a_header_gets_its_way(change: dict[str, object]) -> None:
    import base64

    first, *rest = locked_with("x", b"y").split(".")
    header = json.loads(base64.urlsafe_b64decode(first + "=="))
    encoded = base64.urlsafe_b64encode(json.dumps(header | change).encode()).decode().rstrip("=")
    with pytest.raises(jwe.Unreadable):
        jwe.decrypt(".".join([encoded, *rest]), Secret("x"))


@pytest.mark.parametrize(
    "token",
    [
        "", ".", "....", ".....", "a.b.c.d.e", "é.b.c.d.e", "\0.\0.\0.\0.\0", "=.=.=.=.=", "A" * (1 << 20),
        "W10.W10.W10.W10.W10", "e30....", ".".join(["e30"] * 5), "." * (1 << 20),
    ],
    ids=lambda token: token[:12] or "empty",
)  # fmt: skip
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(jwe.Unreadable):
        jwe.decrypt(token, Secret("x"))


def test_a_header_that_is_nested_deep_and_a_token_in_a_token() -> None:
    import base64

    deep = base64.urlsafe_b64encode(b'{"alg":' + b"[" * 100_000 + b"]" * 100_000 + b"}").decode()
    with pytest.raises(jwe.Unreadable):
        jwe.decrypt(f"{deep}.a.b.c.d", Secret("x"))
    inner = locked_with("x", b"y")
    assert jwe.decrypt(locked_with("x", inner.encode()), Secret("x")) == inner.encode(), "opened once"


def test_what_else_may_lie_in_the_folder_is_passed_over_or_named(tmp_path: Path) -> None:
    """A pipe that nobody writes into would wait for ever, and a link may lead to anything."""
    folder = tmp_path / "keys"
    (folder / "a folder").mkdir(parents=True)
    os.mkfifo(folder / "pipe")
    (folder / "dangling").symlink_to(tmp_path / "nothing")
    (folder / "round").symlink_to(folder / "round")
    (folder / "to-pipe").symlink_to(folder / "pipe")
    (folder / "device").symlink_to("/dev/zero")
    write_file(folder, "work", GO_KEYRING_PASSWORD, credentials(KEY, SECRET))
    outside = write_file(tmp_path, "outside", GO_KEYRING_PASSWORD, credentials(KEY_2, SECRET_2))
    (folder / "linked").symlink_to(outside)
    assert [k.name for k in read_keys(_program(folder), {}, _asked, PASSWORD)] == ["linked", "work"]
    (folder / "large").write_bytes(b"A" * (10 << 20))
    with pytest.raises(CredGuardError) as caught:
        read_keys(_program(folder), {}, _asked, PASSWORD)
    assert caught.value.code == "vault-item-unreadable"
    assert "large" in str(caught.value)


@pytest.mark.parametrize(
    "content",
    ["pipe", "[" * 200_000, "a = " + "[" * 100_000, "\0", "Keyring = 1", "x" * (2 << 20)],
    ids=lambda content: content[:6],
)
def test_settings_of_granted_that_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".granted").mkdir()
    path = tmp_path / ".granted" / "config"
    os.mkfifo(path) if content == "pipe" else path.write_text(content)
    assert granted({}).collection == "granted-aws-iam-credentials"
