"""Help, what is meant by a word, and the way out: `uninstall`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from credguard.cli.main import COMMANDS
from credguard.demo.cloud.companies import ACME_PRODUCTION, BLUE_KITE, NORTHWIND
from credguard.demo.cloud.home import write_home
from credguard.demo.cloud.server import Double
from tests.support.keyring import PrivateKeyring
from tests.support.laptop import Laptop, parts, section

SECRETS = [company.secret() for company in (ACME_PRODUCTION, BLUE_KITE, NORTHWIND)]
TOTP = ("list", "code", "add", "remove")
#: Help for all commands in one process: starting each would take longer than all the rest.
HELP = """
import contextlib, io, json, sys
from credguard.cli.main import main
found = {}
for words in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    found[" ".join(words)] = [code, out.getvalue(), err.getvalue()]
print(json.dumps(found))
"""


@pytest.fixture
def bare(tmp_path: Path) -> Laptop:
    """Without a keychain and without AWS."""
    return Laptop(tmp_path, "http://127.0.0.1:1", None)


def test_help_says_what_every_command_is_for(bare: Laptop) -> None:
    before = bare.snapshot(state=True)
    whole = bare.run("--help")
    assert (whole.code, whole.err) == (0, "")
    assert whole.out.startswith("Keeps AWS keys out of plaintext")
    for name, entry in COMMANDS.items():
        if entry.group:
            assert f"  {name}" in whole.out
    assert "Exit: 0 done, 1 failed, 2 usage, 3 a warning stands, 4 locked" in whole.out
    assert max(map(len, whole.out.splitlines())) <= 80
    assert bare.run("-h").out == whole.out

    asked = [[name, "--help"] for name in COMMANDS] + [["totp", name, "--help"] for name in TOTP]
    ran = bare.python(HELP, json.dumps(asked))
    assert ran.code == 0, ran.err
    for words, (code, out, err) in json.loads(ran.out).items():
        name = words.removesuffix(" --help")
        assert (code, err) == (0, ""), (words, err)
        assert f"Usage: credguard {name}" in out, words
        lines = out.splitlines()
        assert lines[0].endswith("."), words
        examples = [line for line in lines if line.startswith("  credguard ")]
        assert len(examples) == 2, words
        assert lines[-1].endswith("130 interrupted") or lines[-2].startswith("Exit: "), words
    assert bare.snapshot(state=True) == before, "help makes nothing"


@pytest.mark.parametrize(
    ("words", "has"),
    [
        (("imprt",), "Did you mean: credguard import"),
        (("Rotate", "x"), "Did you mean: credguard rotate"),
        (("qqqqq",), "All commands: credguard --help"),
        (("import", "--nonsense"), "--nonsense"),
        (("rotate",), "rotate NAME, --resume, --undo NAME or --due"),
        (("rotate", "x", "--grace", "0"), "--grace"),
        (("totp", "cod"), "cod"),
        (("totp", "code"), "a NAME, or --all"),
        (("totp", "add", "x", "--secret", "JBSWY3DPEHPK3PXP"), "can be read by others"),
        (("totp", "add", "--secret", "-"), "--secret needs a NAME"),
        (("settings", "nonsense"), "All of them: credguard settings"),
        (("whoami",), "NAME"),
    ],
)
def test_wrong_usage_is_told_with_the_way_on(words: tuple[str, ...], has: str, bare: Laptop) -> None:
    before = bare.snapshot()
    ran = bare.run(*words)
    assert (ran.code, ran.out) == (2, ""), ran
    assert has in ran.err
    assert "Traceback" not in ran.err
    assert "JBSWY3DPEHPK3PXP" not in ran.err
    assert len(ran.err.splitlines()) <= 5
    assert bare.snapshot() == before


@pytest.mark.keyring
def test_names_are_found_and_near_ones_named(
    tmp_path: Path, double: Double, private_keyring: PrivateKeyring
) -> None:
    laptop = Laptop(tmp_path, double.url, private_keyring.env)
    laptop.write(
        section("Northwind", NORTHWIND.key_id(), NORTHWIND.secret())
        + section("acme", ACME_PRODUCTION.key_id(), ACME_PRODUCTION.secret())
    )
    assert laptop.run("import", "--yes").code == 0
    names = ("Northwind", "northwind", NORTHWIND.account_id, NORTHWIND.key_id(), "Northwind/m.keller")
    for name in names:
        ran = laptop.run("show", name)
        assert ran.code == 0, (name, ran.err)
        assert ran.out.startswith("Northwind"), name
    for words in (("whoami", "Nortwind"), ("show", "nrthwind"), ("rotate", "Nortwind", "--yes")):
        ran = laptop.run(*words)
        assert (ran.code, ran.out) == (2, ""), words
        said = " ".join(parts(ran.err).values())
        assert words[1] in said
        assert "Did you mean Northwind?" in said
    assert "Did you mean" not in laptop.run("whoami", "zzzzzz").err
    private_keyring.clear()


@pytest.mark.keyring
def test_uninstall_puts_everything_back(
    tmp_path: Path, double: Double, private_keyring: PrivateKeyring
) -> None:
    laptop = Laptop(tmp_path, double.url, private_keyring.env)
    write_home(str(laptop.home))
    before = laptop.snapshot(state=True)
    moved = laptop.run("import", "--yes")
    assert moved.code == 3, moved.err  # the root key of Downloads/rootkey.csv
    assert laptop.leaks(SECRETS) == []
    assert private_keyring.items()
    assert laptop.run("status").code == 3

    # A code is in CredGuard alone: it is named, and nothing is taken out.
    after = laptop.snapshot()
    added = laptop.run("totp", "add", "mine", "--secret", "-", given="JBSWY3DPEHPK3PXP\n")
    assert added.code == 0, added.err
    held = private_keyring.items()
    stranded = laptop.run("uninstall", given="plaintext\n")
    assert stranded.code == 1
    assert "totp/" in stranded.err or "mine" in stranded.err
    assert (laptop.snapshot(), private_keyring.items()) == (after, held)
    # Removed by the person, though kept for a week, it is in the way no longer.
    assert laptop.run("totp", "remove", "mine").code == 0

    refused = laptop.run("uninstall", given="yes\n")
    assert refused.code == 1
    assert laptop.snapshot() == after
    gone = laptop.run("uninstall", given="plaintext\n")
    assert gone.code == 0, gone.err
    assert "Nothing of CredGuard is left" in gone.out
    assert not laptop.state.exists()
    assert private_keyring.items() == {}
    assert laptop.snapshot(state=True) == before
    assert os.listdir(laptop.state.parent) == []

    # And in again: nothing of the first time is in the way.
    assert laptop.run("import", "--yes").code == 3
    assert laptop.run("uninstall", given="plaintext\n").code == 0
    assert laptop.snapshot(state=True) == before
    assert private_keyring.items() == {}


@pytest.mark.keyring
@pytest.mark.parametrize("state", ["open", "locked"])
def test_uninstall_of_a_sealed_vault_takes_its_items_out_of_the_keychain(
    tmp_path: Path, double: Double, private_keyring: PrivateKeyring, state: str
) -> None:
    """The slot key and the note of this vault go; another vault's way in stays, and is said."""
    laptop = Laptop(tmp_path, double.url, private_keyring.env)
    words = tmp_path / "words"
    words.write_text("six random words EXAMPLE\n")
    words.chmod(0o600)
    laptop.env |= {"CREDGUARD_STORE": "sealed", "CREDGUARD_PASSPHRASE_FILE": str(words)}
    laptop.write(section("work", ACME_PRODUCTION.key_id(), ACME_PRODUCTION.secret()))
    before = laptop.snapshot(state=True)
    assert laptop.run("import", "--all", "--yes").code == 0
    added = laptop.run("vault", "add", "keychain")
    assert added.code == 0, added.err
    ours = {name for name in private_keyring.items() if name.startswith("vault/")}
    assert ours
    if state == "open":
        private_keyring.put("vault/00/slot", '{"v":1,"key":"another vault"}')
        private_keyring.remove("index/0")  # found all the same
    else:
        private_keyring.lock()
    gone = laptop.run("uninstall", given="plaintext\n")
    assert gone.code == 0, gone.err
    assert not laptop.state.exists()
    assert laptop.snapshot(state=True) == before
    if state == "open":
        assert {n for n in private_keyring.items() if not n.startswith("index/")} == {"vault/00/slot"}
        assert "An item of another vault stays" in gone.err
    else:
        assert "They open nothing any more" in gone.err
        private_keyring.kill_daemon()
        private_keyring.start_daemon()
        assert ours <= set(private_keyring.items())
