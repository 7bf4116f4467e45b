"""What the double knows: accounts, users, keys, devices, sessions. Plain records, changed by the actions."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from credguard.demo.cloud import companies
from credguard.demo.cloud.companies import COMPANIES, DAY, Company, Person
from credguard.demo.cloud.devices import Device
from credguard.demo.cloud.timing import DoubleClock, Timing

RECORD_SECONDS = 900.0  # a use is recorded at most once in this time


@dataclass
class Key:
    """A long-term key. `before` is what it was until `changed`: both are seen while news spreads."""

    access_key_id: str
    secret: str
    created: float
    active: bool = True
    deleted: bool = False
    changed: float = 0.0
    before: bool = False  # whether it worked before the last change
    uses: list[tuple[float, str, str]] = field(default_factory=list)
    asked: int = 0

    def change(self, now: float, *, active: bool | None = None, deleted: bool | None = None) -> None:
        self.before = self.works
        self.active = self.active if active is None else active
        self.deleted = self.deleted if deleted is None else deleted
        self.changed, self.asked = now, 0

    @property
    def works(self) -> bool:
        return self.active and not self.deleted

    def accepted(self, now: float, spread: float) -> bool:
        """Whether this request meets a server that takes the key; servers disagree until `spread` passed."""
        age = now - self.changed
        if age >= spread:
            return self.works
        if age < spread / 3:
            return self.before
        self.asked += 1
        return self.works if self.asked % 2 else self.before

    def listed(self, now: float, spread: float) -> bool:
        """Whether lists show it: a key made or deleted a moment ago is told late."""
        late = now - self.changed < spread / 3
        fresh = self.changed == self.created
        if fresh:
            return not late and not self.deleted
        return late or not self.deleted

    def use(self, now: float, service: str, region: str) -> None:
        if not self.uses or now - self.uses[-1][0] >= RECORD_SECONDS:
            self.uses.append((now, service, region))

    def last_use(self, now: float, lag: float) -> tuple[float, str, str] | None:
        seen = [use for use in self.uses if now - use[0] >= lag]
        return seen[-1] if seen else None


@dataclass
class User:
    """An IAM user, or root with `name` None. `denied`: actions no policy allows it."""

    name: str | None
    account_id: str
    created: float
    keys: list[Key] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    enforced: bool = False
    quarantined: bool = False
    denied: set[str] = field(default_factory=set)
    path: str = "/"
    password: bool = False

    @property
    def arn(self) -> str:
        tail = "root" if self.name is None else f"user{self.path}{self.name}"
        return f"arn:aws:iam::{self.account_id}:{tail}"

    @property
    def user_id(self) -> str:
        if self.name is None:
            return self.account_id
        return companies.key_id(self.account_id, 1 + sum(self.name.encode()) % 1000, prefix="AIDA")

    @property
    def label(self) -> str:
        """The resource of a policy decision about this user."""
        return f"user {self.name}" if self.name else f"arn:aws:iam::{self.account_id}:root"

    def live_keys(self) -> list[Key]:
        return [key for key in self.keys if not key.deleted]


@dataclass
class Session:
    """Temporary credentials. They outlive the key that made them. `user` is None for a role's.

    `policies` (documents) and `policy_arns` narrow what the session may do.
    """

    access_key_id: str
    secret: str
    token: str
    account_id: str
    arn: str
    user: User | None
    mfa: bool
    expires: float
    issued: float = 0.0
    kind: Literal["session", "role", "federated"] = "session"
    role: str = ""
    role_id: str = ""
    policies: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()


@dataclass
class Account:
    """`root_mfa`: root has a device whose seed nobody here knows."""

    account_id: str
    alias: str | None
    root: User
    users: dict[str, User] = field(default_factory=dict)
    root_mfa: bool = True
    unassigned: dict[str, Device] = field(default_factory=dict)
    report_asked: float | None = None
    report: tuple[float, bytes] | None = None

    def everyone(self) -> list[User]:
        return [self.root, *self.users.values()]

    def devices(self) -> list[tuple[Device, User | None]]:
        assigned: list[tuple[Device, User | None]] = [(d, u) for u in self.everyone() for d in u.devices]
        return assigned + [(d, None) for d in self.unassigned.values()]


class State:
    """The whole double's memory."""

    def __init__(self, clock: DoubleClock, timing: Timing, known: Iterable[Company] = COMPANIES) -> None:
        self.clock, self.timing = clock, timing
        self.accounts: dict[str, Account] = {}
        self.sessions: dict[str, Session] = {}
        self.numbers: dict[str, int] = {}
        for company in known:
            self._found(company)

    # ── finding ──────────────────────────────────────────────────────────────────────────────────
    def key(self, access_key_id: str) -> tuple[Key, User] | None:
        for account in self.accounts.values():
            for user in account.everyone():
                for key in user.keys:
                    if key.access_key_id == access_key_id:
                        return key, user
        return None

    def user(self, account_id: str, name: str | None) -> User:
        """Raises KeyError for one that does not exist; `name` None is root."""
        account = self.accounts[account_id]
        return account.root if name is None else account.users[name]

    # ── making ───────────────────────────────────────────────────────────────────────────────────
    def make_key(self, user: User) -> Key:
        number = self._number(user.account_id)
        now = self.clock.now()
        key_id = companies.key_id(user.account_id, number)
        key = Key(key_id, companies.secret("CREATED" + user.account_id[-4:], number), now, changed=now)
        user.keys.append(key)
        return key

    def make_session(
        self,
        user: User | None,
        mfa: bool,
        seconds: int,
        *,
        account_id: str = "",
        arn: str = "",
        kind: Literal["session", "role", "federated"] = "session",
        role: str = "",
        role_id: str = "",
        policies: tuple[str, ...] = (),
        policy_arns: tuple[str, ...] = (),
    ) -> Session:
        """Temporary credentials of `user`, or of a role: `user` None, `account_id` and `arn` say whose."""
        account = user.account_id if user is not None else account_id
        now = self.clock.now()
        key_id = companies.key_id(account, self._number(account), prefix="ASIA")
        session = Session(
            key_id,
            companies.secret("SESSION", self._number("sessions")),
            "FwoGZXIvYXdzEXAMPLE" + randomness.token_urlsafe(96),
            account,
            arn or (user.arn if user is not None else ""),
            user,
            mfa,
            now + seconds,
            now,
            kind,
            role,
            role_id,
            policies,
            policy_arns,
        )
        self.sessions[key_id] = session
        return session

    def add_user(self, account_id: str, name: str, path: str = "/") -> User:
        user = User(name, account_id, self.clock.now(), path=path)
        self.accounts[account_id].users[name] = user
        return user

    def _number(self, what: str) -> int:
        self.numbers[what] = self.numbers.get(what, 15) + 1
        return self.numbers[what]

    def _found(self, company: Company) -> None:
        now = self.clock.now()
        born = now - 1500 * DAY
        root = User(None, company.account_id, born)
        account = Account(company.account_id, company.alias, root, root_mfa=company.root_mfa)
        self.accounts[company.account_id] = account
        for person in company.people:
            user = root
            if person.name is not None:
                user = User(person.name, company.account_id, born, enforced=person.enforced, password=True)
                account.users[person.name] = user
            self._furnish(company, person, user, now)
        for name in company.colleagues:
            account.users[name] = User(name, company.account_id, born + 300 * DAY, password=True)
        if company.root_seed is not None:
            serial = f"arn:aws:iam::{company.account_id}:mfa/root-account-mfa-device"
            root.devices.append(Device(serial, company.root_seed, enabled=born, known_from=born))

    def _furnish(self, company: Company, person: Person, user: User, now: float) -> None:
        # A minute more, so that "52 days" stays 52 while the clocks of both sides disagree a little.
        key = Key(company.key_id(), company.secret(), now - person.key_days * DAY - 60)
        key.uses.append((now - person.seen_days * DAY, "s3", "eu-central-1"))
        user.keys.append(key)
        if person.old_key_days is not None:
            old = Key(
                company.key_id(1), company.secret(1), now - person.old_key_days * DAY - 60, active=False
            )
            old.uses.append((now - (person.key_days + 1) * DAY, "ec2", "eu-central-1"))
            user.keys.append(old)
        if person.seed is not None:
            serial = f"arn:aws:iam::{company.account_id}:mfa/{person.name}"
            user.devices.append(Device(serial, person.seed, enabled=user.created, known_from=user.created))
        if person.security_key is not None:
            serial = f"arn:aws:iam::{company.account_id}:u2f/user/{person.name}/{person.security_key}"
            user.devices.append(Device(serial, "", enabled=now - 265 * DAY, kind="fido"))
