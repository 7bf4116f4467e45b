"""Other programs' files after an import and its undo: byte for byte, but for the lines of keys."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from credguard.demo.cloud.companies import ACME_PRODUCTION, BLUE_KITE
from credguard.demo.cloud.server import Double
from tests.support.keyring import PrivateKeyring
from tests.support.laptop import Laptop

pytestmark = pytest.mark.keyring
KEY, SECRET = ACME_PRODUCTION.key_id().encode(), ACME_PRODUCTION.secret().encode()
KEY_2, SECRET_2 = BLUE_KITE.key_id().encode(), BLUE_KITE.secret().encode()

#: name → (credentials, config). Every line with a key's value or name is one that goes.
FILES: dict[str, tuple[bytes, bytes | None]] = {
    "comments-and-order": (
        b"# first\n; second\n\n[zeta]\n# inside\naws_secret_access_key = %s\n; between\n"
        b"aws_access_key_id = %s\nregion = eu-west-1\n\n\n# last\n[alpha]\noutput=json\n"
        b"aws_access_key_id=%s\naws_secret_access_key=%s\n# the end" % (SECRET, KEY, KEY_2, SECRET_2),
        b"# of config\n\n[profile alpha]\nregion = x\n\n; more\n[default]\noutput = text\n\n"
        b"[profile zeta]\n\n",
    ),
    "windows-lines": (
        b"# first\r\n[work]\r\naws_access_key_id = %s\r\naws_secret_access_key = %s\r\nregion = a\r\n"
        % (KEY, SECRET),
        b"[default]\r\nregion = eu-west-1\r\n\r\n[profile work]\r\noutput = json\r\n",
    ),
    "mixed-lines-and-no-end": (
        b"[work]\r\naws_access_key_id = %s\naws_secret_access_key = %s" % (KEY, SECRET),
        b"[default]\nregion = eu-west-1",
    ),
    "tabs-and-colons": (
        b"[work]\n\t# a tab\naws_access_key_id\t:\t%s\t\n   \naws_secret_access_key\t=  %s  \nregion\t= a\n"
        % (KEY, SECRET),
        b"[profile work]\n\tregion\t=\teu-west-1\n\ts3 =\n\t\tmax_concurrent_requests = 20\n",
    ),
    "capital-names": (b"[work]\nAWS_ACCESS_KEY_ID = %s\nAws_Secret_Access_Key = %s\n" % (KEY, SECRET), None),
    "in-the-config-file": (
        b"",
        b"[profile work]\nregion = a\naws_access_key_id = %s\naws_secret_access_key = %s\n"
        b"[sso-session x]\nsso_region = b\n[profile gr\xc3\xb6\xc3\x9fe]\nregion = c\n" % (KEY, SECRET),
    ),
}
_GOES = re.compile(rb"\s*aws_(access_key_id|secret_access_key)\s*[=:]", re.I)


@pytest.fixture
def laptop(tmp_path: Path, double: Double, private_keyring: PrivateKeyring) -> Laptop:
    return Laptop(tmp_path, double.url, private_keyring.env)


def _lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


def _without_keys(data: bytes) -> list[bytes]:
    return [line for line in _lines(data) if not _GOES.match(line)]


def _ours(data: bytes) -> list[bytes]:
    return [line for line in _lines(data) if b"credential_process" in line]


@pytest.mark.parametrize("name", FILES)
def test_only_the_lines_of_keys_change(name: str, laptop: Laptop) -> None:
    credentials, config = FILES[name]
    laptop.write(credentials, config)
    before = laptop.snapshot()
    profiles = len(re.findall(rb"aws_access_key_id", credentials + (config or b""), re.I))

    moved = laptop.run("import", "--yes")
    assert moved.code == 0, moved.err
    assert _lines(laptop.credentials.read_bytes()) == _without_keys(credentials)
    after = laptop.config.read_bytes()
    ours = _ours(after)
    assert len(ours) == profiles
    rest = [line for line in _lines(after) if line not in ours]
    kept = _without_keys(config or b"")
    if name in {"mixed-lines-and-no-end", "capital-names"}:
        # A new section stands at the end; what was there is there as it was.
        assert b"".join(rest).startswith(b"".join(kept))
    else:
        assert rest == kept
    if name == "windows-lines":
        assert all(line.endswith(b"\r\n") for line in _lines(after))
    assert laptop.leaks([SECRET.decode(), SECRET_2.decode()]) == []

    undone = laptop.run("undo-import", given="plaintext\n")
    assert undone.code == 0, undone.err
    assert laptop.snapshot() == before
    assert laptop.credentials.read_bytes() == credentials


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_modes_and_links_stay(mode: int, laptop: Laptop, tmp_path: Path) -> None:
    """The files live elsewhere, as with people who keep their dotfiles in a repository."""
    dotfiles = laptop.home / "dotfiles"
    dotfiles.mkdir()
    laptop.write(*FILES["comments-and-order"])
    for path in (laptop.credentials, laptop.config):
        path.chmod(mode)
        path.rename(dotfiles / path.name)
    laptop.credentials.symlink_to(dotfiles / "credentials")
    (laptop.home / "hop").symlink_to(dotfiles / "config")
    laptop.config.symlink_to(os.path.join("..", "hop"))  # a relative link to a link
    before = laptop.snapshot()

    assert laptop.run("import", "--yes").code == 0
    assert os.readlink(laptop.config) == os.path.join("..", "hop")
    assert laptop.credentials.is_symlink()
    for name in ("credentials", "config"):
        assert stat.S_IMODE((dotfiles / name).stat().st_mode) == mode
    assert (dotfiles / "credentials").read_bytes() == b"".join(_without_keys(FILES["comments-and-order"][0]))
    assert sorted(p.name for p in dotfiles.iterdir()) == ["config", "credentials"]
    assert laptop.leaks([SECRET.decode(), SECRET_2.decode()]) == []

    assert laptop.run("undo-import", given="plaintext\n").code == 0
    assert laptop.snapshot() == before


def test_what_was_written_meanwhile_stays(laptop: Laptop) -> None:
    """`aws configure` and an editor went over the files between the import and its undo."""
    laptop.write(*FILES["windows-lines"])
    assert laptop.run("import", "--yes").code == 0
    first, last = b"# new first line\r\n", b"[new]\r\nregion=b\r\n"
    laptop.credentials.write_bytes(first + laptop.credentials.read_bytes() + last)
    laptop.config.write_bytes(laptop.config.read_bytes().replace(b"eu-west-1", b"eu-north-1"))
    assert laptop.run("undo-import", given="plaintext\n").code == 0
    credentials, config = FILES["windows-lines"]
    assert laptop.credentials.read_bytes() == first + credentials + last
    assert config is not None
    assert laptop.config.read_bytes() == config.replace(b"eu-west-1", b"eu-north-1")
