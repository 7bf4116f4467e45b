"""Imports: what moves, what stays, and what every kind of bad input leads to."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from credguard.domain.errors import AnswerLost, CredGuardError
from credguard.domain.text import text
from credguard.vault.store import SecretStore
from tests.support.aws_files import KEY, KEY_2, SECRET, SECRET_2
from tests.support.intake import Computer

CREDENTIALS = f"""\
# my keys; do not lose
[work]
aws_access_key_id = {KEY}
# the one from alice
AWS_SECRET_ACCESS_KEY={SECRET}
aws_session_token = stale-EXAMPLE

[büro münchen]
aws_access_key_id={KEY_2}
aws_secret_access_key={SECRET_2}
""".replace("\n", "\r\n").encode()
CONFIG = b"[default]\nregion = eu-central-1\n\n[profile work]\n; mine\nregion=eu-west-1\noutput = json\n"


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    made = Computer(tmp_path)
    made.cloud.keys[KEY_2] = (SECRET_2, "arn:aws:iam::210987654321:root")
    return made


def test_keys_move_and_the_files_keep_everything_else(computer: Computer) -> None:
    computer.write(CREDENTIALS, CONFIG)
    os.chmod(computer.credentials, 0o640)
    outcomes = computer.import_all()
    assert [(o.ok, o.name, o.account_id, o.root) for o in outcomes] == [
        (True, "work", "123456789012", False),
        (True, "büro münchen", "210987654321", True),
    ]
    assert Path(computer.credentials).read_bytes() == (
        "# my keys; do not lose\r\n[work]\r\n# the one from alice\r\n\r\n[büro münchen]\r\n".encode()
    )
    assert stat.S_IMODE(os.stat(computer.credentials).st_mode) == 0o640
    tools = computer.tools()
    lines = {link.name: link for link in tools.profiles.all()}
    config = Path(computer.config).read_text("utf-8").splitlines()
    assert config[5] == f"credential_process = {' '.join(computer.helper)} {lines['work'].profile_id}"
    assert [*config[:5], *config[6:8]] == CONFIG.decode().splitlines()
    assert config[9] == "[profile 'büro münchen']"
    assert lines["work"].config_line == 6
    assert lines["büro münchen"].config_line == 11
    assert computer.resolved("work") == (KEY, "custom-process")
    assert computer.resolved("büro münchen") == (KEY_2, "custom-process")
    assert computer.plaintext_left() == computer.plaintext_left(SECRET_2) == []
    assert {a.name for a in tools.accounts.all()} == {"work", "büro münchen"}
    assert not computer.find().keys


def test_config_is_made_where_there_is_none_and_links_are_followed(
    computer: Computer, tmp_path: Path
) -> None:
    real = tmp_path / "dotfiles"
    real.write_bytes(CREDENTIALS)
    os.symlink(real, computer.credentials)
    assert all(o.ok for o in computer.import_all())
    assert os.path.islink(computer.credentials)
    assert SECRET.encode() not in real.read_bytes()
    assert stat.S_IMODE(os.stat(computer.config).st_mode) == 0o600


def test_one_key_in_two_profiles_is_stored_once(computer: Computer) -> None:
    body = f"aws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n"
    computer.write(f"[default]\n{body}[other]\n{body}".encode())
    assert all(o.ok for o in computer.import_all())
    assert computer.store.names("access-key/") == (f"access-key/{KEY}",)
    assert len(computer.store.names("profile/")) == 2
    assert computer.resolved("default") == computer.resolved("other") == (KEY, "custom-process")
    # `default` says nothing about an account: the user's name does.
    assert [a.name for a in computer.tools().accounts.all()] == ["alice"]


def test_a_failed_key_leaves_its_profile_and_the_rest_goes_on(computer: Computer) -> None:
    computer.write(CREDENTIALS, CONFIG)
    del computer.cloud.keys[KEY]
    first, second = computer.import_all()
    assert first.failure is not None
    assert (first.ok, first.failure.code, second.ok) == (False, "key-unknown", True)
    assert str(first.failure.kept) == "work works as before; nothing changed in its files."
    assert computer.resolved("work") == (KEY, "shared-credentials-file")
    assert Path(computer.credentials).read_bytes() == CREDENTIALS.split("[büro".encode())[0] + (
        "[büro münchen]\r\n".encode()
    )
    assert computer.store.read(f"access-key/{KEY}") is None
    assert [k.access_key_id for k in computer.tools().keys.all()] == [KEY_2]


def test_a_helper_that_does_not_work_is_found_before_any_file_changes(computer: Computer) -> None:
    computer.write(CREDENTIALS, CONFIG)
    before = computer.files()
    ticks: list[str] = []
    outcomes = computer.import_all(helper=("/bin/false",), fault=ticks.append)
    assert [o.failure.code for o in outcomes if o.failure] == ["proof-failed", "proof-failed"]
    assert computer.files() == before
    assert not [t for t in ticks if "rename" in t]
    assert computer.store.names() == ()
    assert computer.tools().accounts.all() == ()


def test_a_proof_that_fails_after_the_switch_puts_the_files_back(computer: Computer) -> None:
    computer.write(CREDENTIALS, CONFIG)
    before = computer.files()
    real = computer.tools().prove

    def prove(name: str, config: str, credentials: str) -> object:
        if config == computer.config:
            raise CredGuardError("proof-failed", text("No."), text("Look."))
        return real(name, config, credentials)

    outcomes = computer.import_all(prove=prove)
    assert not any(o.ok for o in outcomes)
    assert computer.files() == before
    assert not list(computer.backups.glob("*.cgb"))


def test_keep_plaintext_stores_and_leaves_the_files(computer: Computer) -> None:
    computer.write(CREDENTIALS, CONFIG)
    before = computer.files()
    assert all(o.ok for o in computer.import_all(keep_plaintext=True))
    assert computer.files() == before
    assert len(computer.store.names("access-key/")) == 2
    assert computer.store.names("profile/") == ()
    assert all(k.stored for k in computer.find().keys)
    # Moving them later works on the key that is stored already.
    assert all(o.ok for o in computer.import_all())
    assert computer.resolved("work") == (KEY, "custom-process")


def test_csv_without_a_profile_is_stored_and_deleted(computer: Computer) -> None:
    path = computer.downloads / "alice_accessKeys.csv"
    path.write_bytes(f"\ufeffAccess key ID,Secret access key\r\n{KEY},{SECRET}\r\n".encode())
    (outcome,) = computer.import_all()
    assert outcome.ok
    assert outcome.name == "alice"
    assert not path.exists()
    assert computer.files() == {computer.config: None, computer.credentials: None}
    assert computer.store.names("profile/") == ()


def test_csv_with_a_profile_becomes_one(computer: Computer) -> None:
    path = computer.folder / "rootkey.csv"
    path.write_bytes(f"AWSAccessKeyId={KEY}\r\nAWSSecretKey={SECRET}\r\n".encode())
    assert computer.find(f"csv:{path}").keys[0].may_be_root
    (outcome,) = computer.import_all(f"csv:{path}", ("new one",))
    assert outcome.ok
    assert computer.resolved("new one") == (KEY, "custom-process")
    assert not path.exists()


def test_csv_with_a_console_password_keeps_the_password(computer: Computer) -> None:
    path = computer.downloads / "credentials.csv"
    head = "User name,Password,Access key ID,Secret access key,Console login link\n"
    path.write_text(f'{head}alice,"p,w",{KEY},{SECRET},https://x\n')
    (outcome,) = computer.import_all()
    assert outcome.ok
    assert path.read_text() == f'{head}alice,"p,w",{KEY},,https://x\n'


def test_csv_with_two_keys_goes_when_both_are_stored(computer: Computer) -> None:
    path = computer.downloads / "credentials.csv"
    head = "User Name,Access Key Id,Secret Access Key\n"
    path.write_text(f"{head}alice,{KEY},{SECRET}\nbob,{KEY_2},{SECRET_2}\n")
    del computer.cloud.keys[KEY_2]
    assert [o.ok for o in computer.import_all()] == [True, False]
    assert path.exists()
    computer.cloud.keys[KEY_2] = (SECRET_2, "arn:aws:iam::210987654321:user/bob")
    assert [o.ok for o in computer.import_all()] == [True, True]
    assert not path.exists()


def test_environment(computer: Computer) -> None:
    computer.environ.update(AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET + "\n")
    (found,) = computer.find().keys
    assert str(found.note) == "White space around the key was left out."
    assert all(o.ok for o in computer.import_all("env"))
    assert all(o.ok for o in computer.import_all("env", ("fresh",)))
    assert computer.resolved("fresh") == (KEY, "custom-process")


def test_a_profile_in_use_is_not_taken(computer: Computer) -> None:
    computer.write(CREDENTIALS, CONFIG + b"[profile sso]\nsso_session = x\n")
    computer.environ.update(AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET)
    before = computer.files()
    for name in ("work", "sso"):
        (outcome,) = computer.import_all("env", (name,))
        assert outcome.failure is not None
        assert outcome.failure.code == "profile-taken"
    assert computer.files() == before


def test_the_key_of_another_account_is_refused(computer: Computer) -> None:
    computer.write(CREDENTIALS, CONFIG + b"aws_account_id = 999999999999\n")
    before = computer.files()
    (outcome,) = computer.import_all("aws", ("work",))
    assert outcome.failure is not None
    assert outcome.failure.code == "account-differs"
    assert "999999999999" in str(outcome.failure.what)
    assert computer.files() == before
    assert computer.store.names() == ()


def test_another_stored_secret_is_never_overwritten(computer: Computer) -> None:
    computer.write(CREDENTIALS)
    assert all(o.ok for o in computer.import_all())
    computer.write(CREDENTIALS.replace(SECRET.encode(), SECRET_2.encode()))
    before = computer.files()
    (outcome,) = computer.import_all("aws", ("work",))
    assert outcome.failure is not None
    assert outcome.failure.code == "stored-secret-differs"
    assert computer.files() == before
    item = computer.store.read(f"access-key/{KEY}")
    assert item is not None
    assert item["secret"].reveal() == SECRET  # type: ignore[attr-defined]


BAD: dict[str, tuple[bytes, bytes, str]] = {
    "malformed": (b"[work\naws_access_key_id = x\n", CONFIG, "line 1"),
    "no equals": (b"[work]\njust words\n", CONFIG, "line 2"),
    "section twice": (CREDENTIALS + b"[work]\n", CONFIG, "a second time"),
    "option twice": (b"[work]\na = 1\nA = 2\n", CONFIG, "line 3"),
    "byte order mark": (b"\xef\xbb\xbf" + CREDENTIALS, CONFIG, "byte order mark"),
    "not text": (b"[work]\nx = \xff\n", CONFIG, "UTF-8"),
    "config malformed": (CREDENTIALS, b"region = x\n", "before any [section]"),
    "nested": (CREDENTIALS, b"[default]\ns3 =\n  nonsense\n", "no ="),
    "space in the secret": (CREDENTIALS.replace(b"wJalr", b"wJ lr"), CONFIG, "a space"),
    "comment after the id": (CREDENTIALS.replace(KEY.encode(), KEY.encode() + b" #"), CONFIG, "not an"),
    "quotes": (CREDENTIALS.replace(SECRET.encode(), b'"%s"' % SECRET.encode()), CONFIG, "quotes"),
    "short": (CREDENTIALS.replace(b"wJalr", b"wJ"), CONFIG, "37 characters"),
    "empty secret": (CREDENTIALS.replace(b"=" + SECRET.encode(), b"="), CONFIG, "missing"),
    "temporary": (CREDENTIALS.replace(b"AKIAZQ4NORTH", b"ASIAZQ4NORTH"), CONFIG, "temporary"),
    "role": (CREDENTIALS, CONFIG + b"role_arn = arn:aws:iam::1:role/x\nsource_profile = work\n", "role_arn"),
    "defaults": (b"[DEFAULT]\naws_access_key_id=x\n" + CREDENTIALS.replace(b"\r\naws_access", b"\r\n#"),
                 CONFIG, "not an access key id"),
    "two keys": (CREDENTIALS, CONFIG + b"aws_access_key_id=AKIAZQ4ELSEWEXAMPLE\n", "two different keys"),
    "twice in config": (CREDENTIALS, CONFIG + b"[profile 'work']\n", "2 times"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_files_get_one_sentence_and_nothing_changes(computer: Computer, case: str) -> None:
    credentials, config, words = BAD[case]
    computer.write(credentials, config)
    before = computer.files()
    findings = computer.find(None, ("work",))
    assert not findings.keys
    assert len(findings.problems) == 1
    sentence = str(findings.problems[0])
    assert words in sentence
    assert SECRET not in sentence
    assert KEY not in sentence
    assert computer.files() == before


CSV: dict[str, tuple[bytes, str]] = {
    "other columns": (b"name,value\na,b\n", "csv-wrong"),
    "empty": (b"", "csv-wrong"),
    "no key": (b"Access key ID,Secret access key\r\n", "csv-wrong"),
    "binary": (b"\x00\xff\xfe", "csv-wrong"),
    "half a root key": (b"AWSAccessKeyId=AKIAZQ4NORTHWEXAMPLE\n", "csv-wrong"),
    "space": (f"Access key ID,Secret access key\n{KEY},{SECRET[:9]} {SECRET[10:]}\n".encode(), "csv-secret"),
    "break": (f'Access key ID,Secret access key\n{KEY},"{SECRET[:9]}\nX"\n'.encode(), "csv-secret"),
    "short": (f"Access key ID,Secret access key\n{KEY},{SECRET[:30]}\n".encode(), "csv-secret"),
    "no secret": (f"Access key ID,Secret access key\n{KEY},\n".encode(), "csv-secret"),
    "open quote": (f'Access key ID,Secret access key\n{KEY},"{SECRET}\n'.encode(), "csv-wrong"),
}  # fmt: skip


@pytest.mark.parametrize("case", CSV)
def test_wrong_csv_gets_one_sentence(computer: Computer, case: str) -> None:
    data, code = CSV[case]
    path = computer.downloads / "credentials.csv"
    path.write_bytes(data)
    with pytest.raises(CredGuardError) as caught:
        computer.find(f"csv:{path}")
    assert caught.value.code == code
    assert SECRET[:9] not in str(caught.value.what)
    assert path.read_bytes() == data
    findings = computer.find()
    assert not findings.keys
    assert len(findings.problems) == (code == "csv-secret")


def test_a_file_that_may_not_be_read_or_written(computer: Computer) -> None:
    if os.geteuid() == 0:
        os.mkdir(computer.credentials)  # root may read everything, but no folder
    else:
        computer.write(CREDENTIALS)
        os.chmod(computer.credentials, 0)
    findings = computer.find()
    assert not findings.keys
    assert "cannot be read" in str(findings.problems[0])


def test_no_network_and_a_locked_store_change_nothing(computer: Computer) -> None:
    computer.write(CREDENTIALS, CONFIG)
    before = computer.files()
    computer.cloud.error = CredGuardError("no-network", text("AWS does not answer."), text("Later."))
    assert {o.failure.code for o in computer.import_all() if o.failure} == {"no-network"}
    assert computer.store.names() == ()

    def locked(method: str, name: str) -> None:
        raise CredGuardError("store-locked", text("The keychain is locked."), text("Unlock it."))

    findings = computer.find()
    computer.backend.fail = locked
    from credguard.workflows.intake import import_keys

    outcomes = import_keys(findings.keys, computer.tools())
    assert {o.failure.code for o in outcomes if o.failure} == {"store-locked"}
    assert computer.files() == before


@pytest.mark.parametrize("prefix", ["access-key/", "profile/", "account/", "file-backup"])
def test_a_store_that_refuses_one_item(computer: Computer, prefix: str) -> None:
    computer.write(CREDENTIALS, CONFIG)
    before = computer.files()

    def full(method: str, name: str) -> None:
        if method == "set" and name.startswith(prefix):
            raise CredGuardError("store-silent", text("No."), text("Again."))

    computer.backend.fail = full
    assert not any(o.ok for o in computer.import_all())
    assert computer.files() == before
    assert not computer.store.names("access-key/")
    assert not computer.store.names("profile/")


def _between(tick: str, act: Callable[[], None]) -> Callable[[str], None]:
    done: list[str] = []

    def fault(at: str) -> None:
        if tick in at and not done:
            done.append(at)
            act()

    return fault


@pytest.mark.parametrize("tick", ["ended Sealed", "config:create", "credentials:create", "credentials:sync"])
def test_another_program_that_writes_in_between_loses_nothing(computer: Computer, tick: str) -> None:
    computer.write(CREDENTIALS, CONFIG)

    def other() -> None:
        with open(computer.credentials, "ab") as file:
            file.write(b"[later]\r\nregion = here\r\n")
        with open(computer.config, "ab") as file:
            file.write(b"[profile later]\nregion = there\n")

    outcomes = computer.import_all("aws", ("work",), fault=_between(tick, other))
    assert [str(o.failure.what) for o in outcomes if o.failure] == []
    assert computer.resolved("work") == (KEY, "custom-process")
    assert Path(computer.credentials).read_bytes().endswith(b"[later]\r\nregion = here\r\n")
    assert Path(computer.config).read_bytes().endswith(b"[profile later]\nregion = there\n")
    assert computer.resolved("büro münchen") == (KEY_2, "shared-credentials-file")


def test_mfa_serial_stays_and_is_noted(computer: Computer) -> None:
    computer.write(CREDENTIALS, CONFIG + b"mfa_serial = arn:aws:iam::123456789012:mfa/alice\n")
    assert all(o.ok for o in computer.import_all("aws", ("work",)))
    (link,) = computer.tools().profiles.all()
    assert link.mfa_serial == "arn:aws:iam::123456789012:mfa/alice"
    assert b"mfa_serial = arn" in Path(computer.config).read_bytes()
    item = computer.store.read(f"profile/{link.profile_id}")
    assert item is not None
    assert item["direct"] is False


def test_a_key_that_was_stored_before_stays_when_a_later_import_of_it_fails(computer: Computer) -> None:
    computer.write(CREDENTIALS, CONFIG)
    assert all(o.ok for o in computer.import_all(keep_plaintext=True))
    assert not any(o.ok for o in computer.import_all(helper=("/bin/false",)))
    assert len(computer.store.names("access-key/")) == 2
    assert len(computer.tools().keys.all()) == 2
    assert len(computer.tools().accounts.all()) == 2


def test_one_run_per_key_at_a_time(computer: Computer) -> None:
    computer.write(CREDENTIALS, CONFIG)
    tools = computer.tools()
    with tools.interlock.hold(f"key-{KEY}"):
        first, second = computer.import_all()
    assert first.failure is not None
    assert (first.failure.code, second.ok) == ("busy", True)


def test_a_lost_answer_is_not_asked_for_for_ever(computer: Computer) -> None:
    computer.write(CREDENTIALS, CONFIG)
    computer.cloud.error = AnswerLost("no-network", text("The line broke."), text("Later."))
    assert not any(o.ok for o in computer.import_all())
    assert computer.cloud.asked == 2


def test_a_sealed_vault_that_programs_cannot_open_is_said_before_files_change(computer: Computer) -> None:
    computer.write(CREDENTIALS, CONFIG)
    before = computer.files()
    computer.store = SecretStore(computer.backend, "sealed", "Sealed vault")
    (outcome, _) = computer.import_all(helper=("/bin/false",))
    assert outcome.failure is not None
    assert outcome.failure.code == "sealed-not-served"
    assert computer.files() == before


def test_it_stops_before_the_next_key_when_asked(computer: Computer) -> None:
    from credguard.workflows.intake import import_keys

    computer.write(CREDENTIALS, CONFIG)
    found = computer.find().keys
    assert len(found) > 1
    ended: list[int] = []
    outcomes = import_keys(
        found,
        computer.tools(),
        ended=lambda index, outcome: ended.append(index),
        stopped=lambda: bool(ended),
    )
    assert len(outcomes) == 1
    assert ended == [0]
