"""`credguard backup` and `restore` as a person runs them: real processes, a real keychain, the double.

The computer is lost (state folder and keychain), or there is another one, with the sealed vault.
"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from credguard.demo.cloud.companies import ACME_PRODUCTION, ACME_STAGING
from credguard.demo.cloud.server import Double
from tests.support.keyring import PrivateKeyring
from tests.support.laptop import Laptop, section

pytestmark = pytest.mark.keyring
PASSPHRASE = "six random words EXAMPLE"
PROFILES = {"work": ACME_PRODUCTION, "second": ACME_STAGING}
CREDENTIALS = "".join(section(n, c.key_id(), c.secret()) for n, c in PROFILES.items())
SEED = "JBSWY3DPEHPK3PXPJBSWY3DP"
SERVED = """
import boto3, sys
print(boto3.Session(profile_name=sys.argv[1]).client("sts").get_caller_identity()["Arn"])
"""


def _password_file(laptop: Laptop, mode: int = 0o600) -> str:
    path = laptop.home / "words"
    path.write_text(PASSPHRASE + "\n")
    path.chmod(mode)
    return str(path)


def _arn(laptop: Laptop, profile: str, **more: str) -> str:
    ran = laptop.python(SERVED, profile, **more)
    assert ran.code == 0, ran.err
    return ran.out.strip()


@pytest.fixture
def laptop(tmp_path: Path, double: Double, private_keyring: PrivateKeyring) -> Laptop:
    made = Laptop(tmp_path, double.url, private_keyring.env)
    made.write(CREDENTIALS)
    assert made.run("import", "--all", "--yes").code == 0
    assert made.run("totp", "add", "work", "--secret", "-", given=SEED).code == 0
    return made


def test_after_the_loss_of_everything_one_command_brings_it_back(
    laptop: Laptop, private_keyring: PrivateKeyring
) -> None:
    words, file = _password_file(laptop), str(laptop.home / "backup.cgb")
    ran = laptop.run("backup", file, "--password-file", words, "--json")
    assert ran.code == 0, ran.err
    made = ran.document()
    assert (made["keys"], made["codes"], made["accounts"], made["file"]) == (2, 1, 2, file)
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    before = {n: v for n, v in private_keyring.items().items() if not n.startswith(("session/", "index/"))}
    accounts = laptop.run("accounts", "--json").document()
    private_keyring.clear()
    shutil.rmtree(laptop.state)
    ran = laptop.run("restore", file, "--password-file", words, "--json")
    assert ran.code == 0, ran.err
    document = ran.document()
    assert {item["state"] for item in document["items"]} == {"new"}
    assert document["profiles"] == []  # their lines are where they were
    after = {n: v for n, v in private_keyring.items().items() if not n.startswith(("session/", "index/"))}
    assert {n: json.loads(v) for n, v in after.items()} == {n: json.loads(v) for n, v in before.items()}
    for name, company in PROFILES.items():
        assert _arn(laptop, name) == f"arn:aws:iam::{company.account_id}:user/maria"
    assert laptop.run("accounts", "--json").document() == accounts
    again = laptop.run("restore", file, "--password-file", words, "--json").document()
    assert again["changed"] == 0
    secrets = [PASSPHRASE, SEED, *(c.secret() for c in PROFILES.values())]
    Path(words).unlink()
    assert laptop.leaks(secrets) == []


def test_another_computer_with_the_sealed_vault(laptop: Laptop, tmp_path: Path, double: Double) -> None:
    words, file = _password_file(laptop), str(tmp_path / "backup.cgb")
    assert laptop.run("backup", file, "--password-file", words).code == 0
    other = Laptop(tmp_path / "other", double.url, None)
    vault = other.home / "vault-words"
    vault.write_text("the vault’s own words EXAMPLE\n")
    vault.chmod(0o600)
    sealed = {"CREDGUARD_STORE": "sealed", "CREDGUARD_PASSPHRASE_FILE": str(vault)}
    own = _password_file(other)
    look = other.run("restore", file, "--password-file", own, "--dry-run", **sealed)
    assert look.code == 0, look.err
    assert "2 keys" in look.out
    assert not (other.state / "vault.cgv").exists()
    assert not other.config.exists()
    ran = other.run("restore", file, "--password-file", own, **sealed)
    assert ran.code == 0, ran.err
    assert "Not in the AWS config file yet: second, work" in ran.out
    assert not other.config.exists()
    ran = other.run("restore", file, "--password-file", own, "--yes", "--json", **sealed)
    assert ran.code == 0, ran.err
    assert {p["name"]: p["state"] for p in ran.document()["profiles"]} == {"second": "added", "work": "added"}
    for name, company in PROFILES.items():
        assert _arn(other, name, **sealed) == f"arn:aws:iam::{company.account_id}:user/maria"
    # And the lines can be taken out again.
    ran = other.run("undo-import", given="plaintext\n", **sealed)
    assert ran.code == 0, ran.err
    assert not other.config.exists()  # the restore had made it


def test_what_differs_needs_an_answer(laptop: Laptop) -> None:
    words, file = _password_file(laptop), str(laptop.home / "backup.cgb")
    assert laptop.run("backup", file, "--password-file", words).code == 0
    account = ACME_PRODUCTION.account_id
    assert laptop.run("rename", account, "elsewhere").code == 0
    ran = laptop.run("restore", file, "--password-file", words)
    assert ran.code == 2
    assert "--keep" in ran.err
    assert "name: elsewhere here, work in the backup" in ran.out
    names = lambda: {a["account_id"]: a["name"] for a in laptop.run("accounts", "--json").document()}  # noqa: E731
    assert laptop.run("restore", file, "--password-file", words, "--keep", "mine").code == 0
    assert names()[account] == "elsewhere"
    assert laptop.run("restore", file, "--password-file", words, "--keep", "theirs").code == 0
    assert names()[account] == "work"


@pytest.mark.parametrize(
    ("words", "mode", "code", "says"),
    [
        (("backup", "x.cgb"), None, 4, "nobody to ask"),
        (("backup", "x.cgb"), 0o644, 1, "Others can"),
        (("backup", "no/such/x"), 0o600, 1, "cannot be written"),
        (("restore", "none.cgb"), 0o600, 1, "cannot be read"),
        (("restore", ".aws/config"), 0o600, 1, "no backup"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    laptop: Laptop, words: tuple[str, ...], mode: int | None, code: int, says: str
) -> None:
    file = ("--password-file", _password_file(laptop, mode)) if mode is not None else ()
    ran = laptop.run(*words, *file)
    assert ran.code == code, ran.err
    assert says in " ".join(ran.err.split())
    assert "Traceback" not in ran.err
    assert not (laptop.home / "x.cgb").exists()


def _typed(laptop: Laptop, lines: Sequence[str | Callable[[str], str]], *words: str) -> tuple[int, str]:
    """A command on a terminal of its own; each line is typed when the command asks something new."""
    primary, secondary = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "credguard", *words], env=laptop.env, cwd=laptop.home,
        stdin=secondary, stdout=secondary, stderr=secondary, start_new_session=True,
    )  # fmt: skip
    os.close(secondary)
    seen, asked, until, left = "", 0, time.monotonic() + 120, list(lines)
    try:
        while time.monotonic() < until:
            if select.select([primary], [], [], 0.2)[0]:
                try:
                    seen += os.read(primary, 4096).decode(errors="replace")
                except OSError:
                    break
            # A question, and not the blank line after an answer.
            if left and seen[asked:].endswith((": ", "[y/N] ", "[M/t] ")):
                asked, answer = len(seen), left.pop(0)
                os.write(primary, (answer if isinstance(answer, str) else answer(seen)).encode() + b"\n")
        return process.wait(30), seen
    finally:
        process.kill()
        os.close(primary)


def test_on_a_terminal_the_passphrase_is_asked_twice(laptop: Laptop) -> None:
    code, seen = _typed(laptop, ["one two EXAMPLE", "one too EXAMPLE"], "backup", "x.cgb")
    assert (code, "The two passphrases differ." in seen) == (1, True), seen
    assert not (laptop.home / "x.cgb").exists()
    code, seen = _typed(laptop, ["hunter2", "hunter2"], "backup", "x.cgb")
    assert code == 0, seen
    assert "Six random words are good." in seen
    assert "hunter2" not in seen
    code, seen = _typed(laptop, ["hunter2"], "restore", "x.cgb")
    assert code == 0, seen
    assert "Everything in it is here already." in seen
    code, seen = _typed(laptop, ["hunter3"], "restore", "x.cgb")
    assert code == 1, seen
    assert "The passphrase is wrong, or the file was changed." in " ".join(seen.split())


def test_a_recovery_code_is_shown_once_typed_back_and_opens_the_file(laptop: Laptop) -> None:
    words = _password_file(laptop)
    assert laptop.run("backup", "x.cgb", "--recovery", "--password-file", words).code == 2
    shown: list[str] = []

    def from_the_paper(seen: str) -> str:
        shown.append(re.search(r"CG1(?:-[A-Z0-9]{4}){8}", seen)[0])  # type: ignore[index]
        return shown[0].lower().replace("-", " ") if len(shown) == 2 else "CG1-nothing of the kind"

    steps = [from_the_paper, from_the_paper]
    code, seen = _typed(laptop, steps, "backup", "x.cgb", "--recovery", "--password-file", words)
    assert code == 0, seen
    assert "It differs from the one above." in seen
    assert seen.count(shown[0]) == 1
    code, seen = _typed(laptop, [shown[0]], "restore", "x.cgb", "--recovery")
    assert code == 0, seen
    assert "Everything in it is here already." in seen
