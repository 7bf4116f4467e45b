"""Working credentials: the key, or one MFA session for all who ask, and no code sent twice."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from credguard.catalog.database import open_database
from credguard.catalog.keys import Profiles
from credguard.domain.errors import AnswerLost, CredGuardError
from credguard.domain.keys import Credentials
from credguard.domain.profiles import ProfileLink
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.system.interlock import Interlock
from credguard.vault.sessions import Sessions
from credguard.vault.store import SecretStore
from credguard.wire import items
from credguard.workflows.credentials import CODE_WAIT, LEAST, WorkingCredentials
from tests.support.clock import FakeClock
from tests.support.memory_iam import ARN, MemoryIam
from tests.support.stores import MemoryBackend

KEY, ACCOUNT = "AKIATW5NHGREXAMPLE00", "482011739056"
SERIAL = f"arn:aws:iam::{ACCOUNT}:mfa/m.keller"


@dataclass
class Desk:
    folder: Path
    arn: str = ARN
    mfa_serial: str | None = SERIAL
    has_code: bool = True
    clock: FakeClock = field(default_factory=FakeClock)
    codes: int = 0
    answers: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.iam = MemoryIam(self.clock)
        self.iam.add(KEY)
        self.backend = MemoryBackend()
        self.store = SecretStore(self.backend, "keychain", "Memory")
        self.store.write(
            items.access_key(KEY), items.access_key_item(KEY, "old/EXAMPLE", ACCOUNT, self.arn, None)
        )
        self.database = open_database(str(self.folder / "catalog.sqlite"))
        self.profiles = Profiles(self.database)
        for name in ("work", "etl"):
            self.store.write(items.profile(f"p-{name}"), items.profile_item(f"p-{name}", name, KEY, ACCOUNT))
            self.profiles.save(ProfileLink(f"p-{name}", name, KEY, ACCOUNT, "/c", mfa_serial=self.mfa_serial))

    def code(self, serial: str) -> Secret | None:
        assert serial == SERIAL
        if not self.has_code:
            return None
        self.codes += 1
        return Secret(f"{self.codes:06d}")

    def of(self, profile: str) -> Credentials:
        return WorkingCredentials(
            self.store,
            self.profiles,
            Sessions(self.store),
            self.iam,  # type: ignore[arg-type]
            Interlock(str(self.folder / "run")),
            self.clock,
            self.code,
            lambda serial, ok: self.answers.append(ok),
        ).of(profile)

    def session_of(self, profile: str) -> object:
        item = self.store.read(items.profile(f"p-{profile}"))
        assert item is not None
        return item["session"]


@pytest.mark.parametrize("name", ["work", "p-work"])
def test_without_mfa_it_is_the_key(tmp_path: Path, name: str) -> None:
    desk = Desk(tmp_path, mfa_serial=None)
    given = desk.of(name)
    assert (given.access_key_id, given.session_token, given.account_id) == (KEY, None, ACCOUNT)
    assert desk.iam.calls == {}


def test_with_mfa_it_is_a_session_that_the_provider_can_serve_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    given = desk.of("work")
    assert given.session_token is not None
    assert (given.expiration or 0) - desk.clock.now() == pytest.approx(43_200, abs=1)
    name = desk.session_of("work")
    assert isinstance(name, str)
    stored = desk.store.read(items.session(name))
    assert stored is not None
    assert stored["access_key_id"] == given.access_key_id
    assert desk.answers == [True]


def test_profiles_of_one_key_share_a_session(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.of("work") == desk.of("etl") == desk.of("work")
    assert desk.codes == 1
    assert desk.session_of("etl") == desk.session_of("work")


def test_a_session_is_never_served_short(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    first = desk.of("work")
    desk.clock.sleep(43_200 - LEAST)
    assert desk.of("work") == first
    desk.clock.sleep(1)
    second = desk.of("work")
    assert second != first
    assert (second.expiration or 0) - desk.clock.now() > LEAST
    assert desk.codes == 2


def test_root_sessions_last_an_hour(tmp_path: Path) -> None:
    desk = Desk(tmp_path, arn=f"arn:aws:iam::{ACCOUNT}:root")
    assert (desk.of("work").expiration or 0) - desk.clock.now() == pytest.approx(3_600, abs=1)


def test_no_code_here_means_the_key_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path, has_code=False)
    assert desk.of("work").session_token is None
    assert desk.session_of("work") is None


def test_a_lost_answer_is_not_repeated_by_itself(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.iam.fault = lambda action, n: "lost" if action == "GetSessionToken" and n == 1 else None
    with pytest.raises(AnswerLost):
        desk.of("work")
    assert desk.iam.calls["GetSessionToken"] == 1
    assert desk.answers == []  # nobody knows
    assert desk.of("work").session_token is not None
    assert desk.iam.codes == ["000001", "000002"]


def test_a_refused_code_is_noted_and_one_more_is_sent(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.iam.codes.append("000001")  # another computer used it
    assert desk.of("work").session_token is not None
    assert desk.answers == [False, True]


def test_two_refused_codes_are_the_last(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.iam.codes += ["000001", "000002", "000003"]
    with pytest.raises(CredGuardError) as caught:
        desk.of("work")
    assert caught.value.code == "code-refused"
    assert desk.answers == [False, False]
    assert desk.session_of("work") is None


@pytest.mark.parametrize(("steps", "ends"), [(3, True), (60, False)])
def test_a_step_that_is_not_there_yet_is_waited_for_a_while(tmp_path: Path, steps: int, ends: bool) -> None:
    desk = Desk(tmp_path)
    left = steps
    give = desk.code

    def spent(serial: str) -> Secret | None:
        nonlocal left
        left -= 1
        if left > 0:
            raise CredGuardError("codes-spent", text("Spent."), text("Wait."))
        return give(serial)

    desk.code = spent  # type: ignore[method-assign]
    began = desk.clock.now()
    if ends:
        assert desk.of("work").session_token is not None
    else:
        with pytest.raises(CredGuardError) as caught:
            desk.of("work")
        assert caught.value.code == "codes-spent"
    assert desk.clock.now() - began <= CODE_WAIT + 1


def test_a_profile_that_was_switched_meanwhile_stays_switched(tmp_path: Path) -> None:
    """A rotation may end between our look at the profile and STS's answer."""
    desk = Desk(tmp_path)

    def rotated(name: str) -> None:
        if name == "aws GetSessionToken":
            item = items.profile_item("p-work", "work", "AKIATW8MCRDEXAMPLE00", ACCOUNT)
            desk.store.write(items.profile("p-work"), item)

    desk.iam.tick = rotated
    assert desk.of("work").session_token is not None
    profile = desk.store.read(items.profile("p-work"))
    assert profile is not None
    assert profile["access_key_id"] == "AKIATW8MCRDEXAMPLE00"
    assert profile["session"] is None


def test_many_at_once_send_one_code(tmp_path: Path) -> None:
    """Interlocks are between processes: each thread opens its own, as a process would."""
    desk = Desk(tmp_path)
    given: list[Credentials] = []
    errors: list[BaseException] = []
    looked: set[int] = set()
    all_looked = threading.Event()

    def look(method: str, name: str) -> None:
        if name.startswith("session/"):
            looked.add(threading.get_ident())
            if len(looked) == 6:
                all_looked.set()

    def code(serial: str) -> Secret:
        assert all_looked.wait(30)  # everybody has seen that there is no session yet
        desk.codes += 1
        return Secret(f"{desk.codes:06d}")

    desk.backend.fail = look
    desk.code = code  # type: ignore[method-assign]

    def ask() -> None:
        try:
            given.append(desk.of("work"))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    assert len(given) == 6
    assert len({g.access_key_id + g.session_token.reveal() for g in given if g.session_token}) == 1
    assert desk.codes == 1


@pytest.mark.parametrize(
    ("remove", "code"), [("profile/p-work", "no-such-profile"), (f"access-key/{KEY}", "item-missing")]
)
def test_what_is_missing_is_said(tmp_path: Path, remove: str, code: str) -> None:
    desk = Desk(tmp_path)
    desk.store.remove(remove)
    with pytest.raises(CredGuardError) as caught:
        desk.of("work")
    assert caught.value.code == code
