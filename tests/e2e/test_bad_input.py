"""Bad input and a bad world: one clear group of sentences, the right exit code, and nothing is changed.

Each case is a real process on a laptop of its own. The home (CredGuard's own folder apart) and the keychain
are compared before and after.
"""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from credguard.demo.cloud.companies import ACME_PRODUCTION, ACME_STAGING, BLUE_KITE
from credguard.demo.cloud.server import Double
from tests.support.keyring import PrivateKeyring
from tests.support.laptop import Laptop, Ran, forms_of, parts, section

pytestmark = pytest.mark.keyring
KEY, SECRET = ACME_PRODUCTION.key_id(), ACME_PRODUCTION.secret()
WORK = section("work", KEY, SECRET)
OTHER = section("other", BLUE_KITE.key_id(), BLUE_KITE.secret())
SECRETS = [SECRET, BLUE_KITE.secret(), ACME_STAGING.secret()]
IMPORT = ("import", "--yes")
ALL = ("import", "--from", "aws", "--yes")


def check(
    laptop: Laptop, words: tuple[str, ...], code: int, has: str, given: str = "", **more: str
) -> dict[str, str]:
    """The refusal of a command: in three parts, with `has` in one of them; nothing changed."""
    before = laptop.snapshot()
    ran = laptop.run(*words, given=given, **more)
    assert ran.code == code, (words, ran)
    said = parts(ran.err)
    assert has.lower() in " ".join(said.values()).lower(), (words, said)
    _quiet(ran)
    assert laptop.snapshot() == before, words
    return said


def _quiet(ran: Ran) -> None:
    assert "Traceback" not in ran.out + ran.err
    for secret in SECRETS:
        assert not any(form in (ran.out + ran.err).encode() for _, form in forms_of(secret))


@pytest.fixture
def laptop(tmp_path: Path, double: Double, private_keyring: PrivateKeyring) -> Iterator[Laptop]:
    yield Laptop(tmp_path, double.url, private_keyring.env)
    # A key that seals copies of files may be there by then; it seals nothing.
    left = {*private_keyring.items()} - {"index/0", "file-backup"}
    assert not left, "something was stored"


def _link_to_itself(laptop: Laptop) -> None:
    laptop.credentials.symlink_to(laptop.credentials)


# ── the AWS files ────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Files:
    """What is wrong with the files, and the words that say so."""

    name: str
    has: str
    credentials: bytes | str | None = None
    config: bytes | str | None = None
    make: Callable[[Laptop], object] = field(default=lambda laptop: None)


FILES = (
    Files("before-any-section", "line 1", "aws_access_key_id = x\n" + WORK),
    Files("neither-section-nor-option", "line 4", WORK + "what is this\n"),
    Files("doubled-section", "a second time", WORK + OTHER + WORK),
    Files("doubled-option", "a second time", WORK + f"aws_access_key_id = {KEY}\n"),
    Files("byte-order-mark", "byte order mark", b"\xef\xbb\xbf" + WORK.encode()),
    Files("utf-16", "utf-8", WORK.encode("utf-16")),
    Files("latin-1", "utf-8", b"# gr\xf6\xdfe\n" + WORK.encode()),
    Files("too-large", "larger", WORK + "# x\n" * 1_200_000),
    Files("config-doubled-option", "a second time", WORK, "[default]\nregion=a\nregion=b\n"),
    Files("a-folder", "cannot be read", make=lambda laptop: laptop.credentials.mkdir()),
    Files("a-link-to-itself", "cannot be read", make=_link_to_itself),
    Files("a-pipe", "is a pipe", make=lambda laptop: os.mkfifo(laptop.credentials)),
    Files("stray-space", "space", section("work", KEY, SECRET[:20] + " " + SECRET[20:])),
    Files("comment-after-the-id", "not an access key id", section("work", KEY + " # mine", SECRET)),
    Files("quotes", "quotes", section("work", KEY, f'"{SECRET}"')),
    Files("cut-off", "39 characters", section("work", KEY, SECRET[:-1])),
    Files("no-secret", "missing", f"[work]\naws_access_key_id = {KEY}\n"),
    Files("temporary", "temporary", section("work", "ASIA" + KEY[4:], SECRET)),
    Files("role-wins", "role_arn", WORK + "role_arn = arn:aws:iam::123456789012:role/x\n"),
    Files("two-keys", "two different keys", WORK, OTHER.replace("[other]", "[profile work]")),
    Files("secret-of-another", "does not belong", section("work", KEY, ACME_STAGING.secret())),
    Files("unknown-key", "does not know this key", section("work", "AKIARZPUZDIKXXXXXXXX", SECRET)),
    Files("wrong-account", "belongs to account", WORK + "aws_account_id = 210987654321\n"),
    Files("no-endpoint", "is no address", WORK + "endpoint_url = nonsense\n"),
)


#: Of each kind one, met as well where import looks in all the usual places.
LOOKED_FOR = ("neither-section-nor-option", "a-pipe", "stray-space", "secret-of-another")


@pytest.mark.parametrize("case", FILES, ids=lambda case: case.name)
def test_aws_files_that_cannot_be_imported(case: Files, laptop: Laptop) -> None:
    laptop.write(case.credentials, case.config)
    case.make(laptop)
    more = {"AWS_ENDPOINT_URL": ""} if case.name == "no-endpoint" else {}
    check(laptop, ALL, 1, case.has, **more)
    if case.name in LOOKED_FOR:
        check(laptop, IMPORT, 1, case.has, **more)


def test_one_bad_profile_does_not_stop_the_others(laptop: Laptop, private_keyring: PrivateKeyring) -> None:
    laptop.write(WORK + section("bad", BLUE_KITE.key_id(), ACME_STAGING.secret()) + "[empty]\nregion = x\n")
    ran = laptop.run(*IMPORT)
    assert ran.code == 3
    assert "! bad" in ran.err
    assert "does not belong" in ran.err
    assert (
        laptop.credentials.read_text()
        == "[work]\n" + section("bad", BLUE_KITE.key_id(), ACME_STAGING.secret()) + "[empty]\nregion = x\n"
    )
    assert f"access-key/{BLUE_KITE.key_id()}" not in private_keyring.items()
    private_keyring.clear()


def test_inactive_keys_stay(laptop: Laptop, double: Double) -> None:
    double.user(ACME_PRODUCTION.account_id, "maria").keys[0].change(double.clock.now(), active=False)
    laptop.write(WORK)
    check(laptop, IMPORT, 1, "deleted or turned off")
    double.user(BLUE_KITE.account_id, "mk").keys[0].change(double.clock.now(), deleted=True)
    laptop.write(OTHER)
    check(laptop, IMPORT, 1, "deleted or turned off")


# ── CSV files, the environment ───────────────────────────────────────────────────────────────────
HEAD = "Access key ID,Secret access key\n"
CSVS = (
    ("wrong-columns", "name,age\nanna,3\n", "is not a CSV of access keys"),
    ("empty", "", "is not a CSV of access keys"),
    ("head-alone", HEAD, "no access key in"),
    ("stray-space", f"{HEAD}{KEY},{SECRET[:9]} {SECRET[9:]}\n", "line 2"),
    ("no-secret", f"{HEAD}{KEY},\n", "line 2"),
    ("no-id", f"{HEAD},{SECRET}\n", "line 2"),
    ("swapped", f"{HEAD}{SECRET},{KEY}\n", "line 2"),
    ("picture", b"\x89PNG\r\n\x1a\n\0\0\0", "is not a CSV of access keys"),
    ("of-another", f"{HEAD}{KEY},{ACME_STAGING.secret()}\n", "does not belong"),
)


@pytest.mark.parametrize(("content", "has"), [c[1:] for c in CSVS], ids=[c[0] for c in CSVS])
def test_csv_files_that_are_none(content: str | bytes, has: str, laptop: Laptop) -> None:
    path = laptop.home / "Downloads" / "keys.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    check(laptop, ("import", "--from", f"csv:{path}", "--yes"), 1, has)


def test_sources_that_are_not_there(laptop: Laptop) -> None:
    check(laptop, ("import", "--from", "csv:/nowhere/x.csv", "--yes"), 1, "cannot be read")
    check(laptop, ("import", "--from", f"csv:{laptop.home}", "--yes"), 1, "cannot be read")
    check(laptop, ("import", "--from", "somewhere", "--yes"), 2, "cannot import from somewhere")
    check(laptop, ("import", "--profile", "nobody", "--yes"), 1, "no profile nobody")
    half = {"AWS_ACCESS_KEY_ID": KEY}
    check(laptop, ("import", "--from", "env", "--yes"), 1, "AWS_SECRET_ACCESS_KEY", **half)
    odd = {**half, "AWS_SECRET_ACCESS_KEY": SECRET[:-3]}
    check(laptop, ("import", "--from", "env", "--yes"), 1, "40 characters", **odd)
    check(laptop, ("undo-import",), 1, "no import to undo", given="plaintext\n")


# ── codes ────────────────────────────────────────────────────────────────────────────────────────
ADDRESSES = (
    ("", "not the address of a code"),
    ("https://example.org/", "not the address of a code"),
    ("otpauth://totp/x", "holds no secret"),
    ("otpauth://totp/x?secret=ABC0189", "no such letter in Base32"),
    ("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&digits=99", "between"),
    ("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&period=0", "between"),
    ("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&algorithm=ROT13", "ROT13"),
    ("otpauth://xotp/x?secret=JBSWY3DPEHPK3PXP", "not known"),
    ("otpauth://hotp/x?secret=JBSWY3DPEHPK3PXP", "needs its counter"),
    ("otpauth-migration://offline?data=AAAA", "several codes"),
)


def test_codes_that_are_none(laptop: Laptop) -> None:
    from PIL import Image

    for address, has in ADDRESSES:
        check(laptop, ("totp", "add", "--uri", "-"), 1, has, given=address + "\n")
    for secret, has in (
        ("", "empty"),
        ("ABC 0189", "no such letter"),
        ("JBSW!3DP", "no such letter"),
        ("A", ""),
    ):
        check(laptop, ("totp", "add", "mine", "--secret", "-"), 1, has, given=secret + "\n")
    blank, broken = laptop.home / "blank.png", laptop.home / "broken.png"
    Image.new("RGB", (200, 200), "white").save(blank)
    broken.write_bytes(blank.read_bytes()[:60])
    for path, has in (
        (blank, "no QR code in blank.png"),
        (broken, "no picture that can be read"),
        (laptop.home / "none.png", "cannot be opened"),
        (laptop.home, "cannot be opened"),
    ):
        check(laptop, ("totp", "add", "--qr", str(path)), 1, has)
    check(laptop, ("totp", "code", "nobody"), 2, "nobody")


# ── the network ──────────────────────────────────────────────────────────────────────────────────
def test_no_network(laptop: Laptop) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets it, and it refuses
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}"
        laptop.write(WORK)
        said = check(laptop, IMPORT, 1, "could not be reached", AWS_ENDPOINT_URL=closed)
        assert said["Safe:"] == "work works as before; nothing changed in its files."
        # Several keys, one reason: a line for each, and the reason once.
        laptop.write(WORK + OTHER)
        before = laptop.snapshot()
        ran = laptop.run(*IMPORT, AWS_ENDPOINT_URL=closed)
        assert ran.code == 1
        first, second, *rest = ran.err.splitlines()
        assert (first[:6], second[:7]) == ("! work", "! other")
        assert parts("\n".join(rest))["Safe:"] == "they work as before; nothing changed in their files."
        assert laptop.snapshot() == before
    laptop.write(WORK)
    check(laptop, IMPORT, 1, "is no address", AWS_ENDPOINT_URL="nonsense")


# ── the keychain ─────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def hanging() -> Iterator[str]:
    """A D-Bus that takes every connection and never says a word."""
    kept: list[socket.socket] = []
    # A short path: a socket's address has 108 bytes at most.
    with tempfile.TemporaryDirectory(prefix="cgh-") as folder, socket.socket(socket.AF_UNIX) as server:
        path = os.path.join(folder, "bus")
        server.bind(path)
        server.listen()

        def take() -> None:
            while True:
                try:
                    kept.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield f"unix:path={path}"
        server.shutdown(socket.SHUT_RDWR)
    for one in kept:
        one.close()


def _one_line(ran: Ran, code: int, has: str) -> None:
    """`credential-process` failing: nothing on stdout, one sentence on stderr."""
    assert (ran.code, ran.out) == (code, ""), ran
    assert len(ran.err.splitlines()) == 1
    assert has in ran.err
    _quiet(ran)


def test_no_keychain_that_answers(laptop: Laptop, hanging: str, private_keyring: PrivateKeyring) -> None:
    none = {"DBUS_SESSION_BUS_ADDRESS": "", "XDG_RUNTIME_DIR": str(laptop.home.parent / "run")}
    hung = {"DBUS_SESSION_BUS_ADDRESS": hanging}
    laptop.write(WORK)
    check(laptop, IMPORT, 1, "no D-Bus session", CREDGUARD_STORE="keychain", **none)
    check(laptop, IMPORT, 1, "answer", CREDGUARD_STORE="keychain", **hung)
    # Nothing chosen: the sealed vault would be next, and there is nobody to ask for a passphrase.
    check(laptop, IMPORT, 4, "nobody to ask", **none)
    check(laptop, IMPORT, 4, "nobody to ask", **hung)
    check(laptop, IMPORT, 2, "keychain or sealed", CREDGUARD_STORE="cloud")

    # With keys in the keychain it is an error, never a switch to another store.
    assert laptop.run(*IMPORT).code == 0
    for missing, has in ((none, "no D-Bus session"), (hung, "answer")):
        asked = ("whoami work", "rotate work --yes", "undo-import", "uninstall")
        for words in (line.split() for line in (asked if missing is none else asked[:1])):
            lines = check_after_intro(laptop, (*words,), 1, has, **missing)
            assert "Your keys are in it." in lines["To do:"]
        _one_line(laptop.run("credential-process", "--profile", "work", **missing), 1, has)
    check(
        laptop, ("whoami", "work"), 1, "CREDGUARD_STORE asks for the sealed vault", CREDGUARD_STORE="sealed"
    )
    assert laptop.run("undo-import", given="plaintext\n").code == 0
    private_keyring.clear()


def check_after_intro(
    laptop: Laptop, words: tuple[str, ...], code: int, has: str, **more: str
) -> dict[str, str]:
    """As `check`, for commands that say what they are about to do before it fails."""
    before = laptop.snapshot()
    ran = laptop.run(*words, given="plaintext\n", **more)
    assert ran.code == code, (words, ran)
    at = max(ran.err.find("Not changed:"), 0)
    said = parts(ran.err[at:])
    assert has in " ".join(said.values()), (words, said)
    _quiet(ran)
    assert laptop.snapshot() == before, words
    return said


def test_a_locked_keychain(laptop: Laptop, private_keyring: PrivateKeyring) -> None:
    laptop.write(WORK)
    assert laptop.run(*IMPORT).code == 0
    assert laptop.run("totp", "add", "code", "--secret", "-", given="JBSWY3DPEHPK3PXP\n").code == 0
    laptop.write(laptop.credentials.read_text() + OTHER)
    private_keyring.lock()
    try:
        for words in (
            IMPORT, ("whoami", "work"), ("rotate", "work", "--yes"), ("totp", "code", "code"),
            ("undo-import",), ("uninstall",),
        ):  # fmt: skip
            check_after_intro(laptop, words, 4, "locked")
        check(laptop, ("totp", "add", "x", "--secret", "-"), 4, "locked", given="JBSWY3DPEHPK3PXP\n")
        _one_line(laptop.run("credential-process", "--profile", "work"), 4, "The keychain is locked.")
        assert laptop.run("status").code == 3  # facts need no secret: what lies in plaintext is told
    finally:
        private_keyring.kill_daemon()
        private_keyring.start_daemon()
    assert laptop.run(*IMPORT).code == 0
    private_keyring.clear()


# ── the sealed vault ─────────────────────────────────────────────────────────────────────────────
def test_passphrase_files_that_are_refused(laptop: Laptop) -> None:
    laptop.write(WORK)
    path = laptop.home / "passphrase"
    sealed = {"CREDGUARD_STORE": "sealed", "CREDGUARD_PASSPHRASE_FILE": str(path)}
    check(laptop, IMPORT, 1, "passphrase", **sealed)  # not there
    path.write_text("six invented words EXAMPLE\n")
    path.chmod(0o644)
    check(laptop, IMPORT, 1, "others can read", **sealed)
    path.chmod(0o600)
    path.write_text("\n")
    check(laptop, IMPORT, 1, "empty", **sealed)
    path.write_text("six invented words EXAMPLE\n")
    assert laptop.run(*IMPORT, **sealed).code == 0
    path.write_text("other words EXAMPLE\n")
    check(laptop, ("whoami", "work"), 1, "passphrase", **sealed)
    vault = laptop.state / "vault.cgv"
    vault.write_bytes(vault.read_bytes()[:100])
    check(laptop, ("whoami", "work"), 1, "vault", **sealed)


# ── the disk ─────────────────────────────────────────────────────────────────────────────────────
def test_a_disk_without_room(laptop: Laptop, private_keyring: PrivateKeyring) -> None:
    """A limit on the size of files is met where a full disk would be: in the middle of a write."""
    laptop.write(WORK + "# a long comment\n" * 20_000)
    for most in (0, 4096, 200_000):
        before = laptop.snapshot()
        ran = laptop.run(*IMPORT, largest=most)
        assert ran.code == 1, ran
        parts(ran.err)
        _quiet(ran)
        assert laptop.snapshot() == before
        assert laptop.leaks([SECRET]) == [f".aws/credentials: …{SECRET[-4:]} (plain)"]
    # Room was made: the next import takes up what the disk had cut off.
    assert laptop.run(*IMPORT).code == 0
    assert laptop.leaks([SECRET]) == []
    private_keyring.clear()


def test_files_that_may_not_be_read_or_written(laptop: Laptop, private_keyring: PrivateKeyring) -> None:
    laptop.write(WORK)
    laptop.bound_by_modes = True
    if os.geteuid() == 0 and laptop.python("").code != 0:
        pytest.skip("root's rights cannot be dropped here; the cases with a folder and a link go on")
    laptop.credentials.chmod(0)
    check(laptop, IMPORT, 1, "cannot be read")
    laptop.credentials.chmod(0o400)
    laptop.credentials.parent.chmod(0o500)
    check(laptop, IMPORT, 1, "cannot be written")
    assert laptop.leaks([SECRET]) == [f".aws/credentials: …{SECRET[-4:]} (plain)"]
    laptop.credentials.parent.chmod(0o700)
    laptop.state.chmod(0o500)
    for words in (IMPORT, ("accounts",)):
        check(laptop, words, 1, "cannot be")
    laptop.state.chmod(0o700)
    assert laptop.run(*IMPORT).code == 0
    assert laptop.leaks([SECRET]) == []
    assert laptop.credentials.stat().st_mode & 0o777 == 0o400
    private_keyring.clear()


def test_a_name_that_leaves_no_room_for_a_new_file(laptop: Laptop) -> None:
    """As a folder that takes no new file, for root as well."""
    laptop.write(WORK)
    long = laptop.credentials.rename(laptop.credentials.parent / ("c" * 250))
    check(laptop, IMPORT, 1, "cannot be written", AWS_SHARED_CREDENTIALS_FILE=str(long))


def test_a_state_folder_that_cannot_be(laptop: Laptop) -> None:
    laptop.write(WORK)
    (laptop.home / "file").write_text("mine")
    for place in (str(laptop.home / "file"), str(laptop.home / "file" / "below"), "/proc/nowhere"):
        for words in (IMPORT, ("status",), ("accounts",), ("totp", "list")):
            check(laptop, words, 1, "", CREDGUARD_HOME=place)


def test_a_damaged_state(laptop: Laptop, private_keyring: PrivateKeyring) -> None:
    laptop.write(WORK)
    assert laptop.run(*IMPORT).code == 0
    (laptop.state / "catalog.sqlite").write_bytes(b"this is no database" * 500)
    ran = laptop.run("whoami", "work")
    assert ran.code == 0, ran.err  # built anew from the store
    assert laptop.run("credential-process", "--profile", "work").code == 0
    settings = laptop.state / "settings.json"
    kept = settings.read_text()
    settings.write_text("{broken")
    check(laptop, ("whoami", "work"), 1, "settings")
    settings.write_text(kept)
    (copy,) = (laptop.state / "backups").iterdir()
    copy.write_bytes(copy.read_bytes()[:-5] + b"12345")
    check_after_intro(laptop, ("undo-import",), 1, "copy")
    private_keyring.clear()
