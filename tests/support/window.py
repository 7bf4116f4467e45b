"""The real window over the invented companies, as the pictures of the design have them.

`with Laptop() as laptop:` gives real services over the double by HTTP, a sealed vault in a folder of its
own, and a clock moved by hand that stands on 23 November 2026, 10:43 UTC.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import shiboken6

from credguard.demo.cloud import companies
from credguard.demo.cloud.companies import COMPANIES, Company
from credguard.demo.cloud.world import DemoWorld
from credguard.domain.accounts import Account
from credguard.domain.text import text
from credguard.gui.window import Window
from credguard.services import Services
from tests.support.clock import FakeClock
from tests.support.gui import application, settle

DAY = 86_400.0
TODAY = datetime.datetime(2026, 11, 23, 10, 43, 11, tzinfo=datetime.UTC).timestamp()
#: As the design shows them: company and colour of each account.
LOOKS = {
    "Acme Production": ("Acme Ltd", "blue"), "Acme Staging": ("Acme Ltd", "sky"),
    "Blue Kite": ("Blue Kite", "violet"), "Northwind": ("Northwind", "teal"),
    "Northwind Sandbox": ("Northwind", "pink"), "Personal": ("Personal", "orange"),
}  # fmt: skip
PROFILES = {
    "Acme Staging": "acme-staging", "Northwind Sandbox": "nw-sandbox", "Personal": "personal",
}  # fmt: skip


class Laptop:
    """An invented person's computer. `services` are the real ones; `clock` moves by hand."""

    def __init__(self) -> None:
        self.clock = FakeClock(TODAY)
        self.world = DemoWorld(self.clock)
        self._windows: list[Window] = []

    def __enter__(self) -> Laptop:
        self.world.__enter__()
        self.services = self.restart()
        return self

    def __exit__(self, *reason: object) -> None:
        self.put_away()
        self.services.close()
        self.world.__exit__(*reason)

    def put_away(self) -> None:
        """Close the windows there are; the computer stays as it is."""
        for window in self._windows:
            if shiboken6.isValid(window):
                window.close()
                window.tasks.wait()
                window.deleteLater()
        self._windows.clear()
        settle()

    def restart(self) -> Services:
        """Fresh services, as after a start of the program."""
        return Services(demo=True, clock=self.clock, environ=os.environ)

    def window(self, width: int = 1120, height: int = 720) -> Window:
        """The window, shown, with Home read."""
        application()
        window = Window(self.services)
        self._windows.append(window)
        window.resize(width, height)
        window.show()
        read(window)
        return window

    # ── what lies in it ──────────────────────────────────────────────────────────────────────────
    def as_designed(self) -> None:
        """Six accounts of four companies, their codes, an old key in its grace, a root key, and three keys
        that still lie in plaintext."""
        self.clock.at = TODAY - 4 * DAY - 5400
        self._import_all()
        self.clock.at = TODAY
        for company in COMPANIES:
            self._dress(company)
        self._codes()
        self._grace("Northwind Sandbox")
        self.clock.at = TODAY - 8 * 60
        self.services.check()  # the age of a key behind an MFA policy can be asked only with a code
        self.clock.at = TODAY
        self._plaintext_again()
        self._lately()

    def _import_all(self) -> None:
        services = self.services
        found, _ = services.find_keys("aws")
        services.import_keys(found)
        for company in COMPANIES:
            profile = PROFILES.get(company.name)
            if profile is None:
                continue
            path = Path(self.world.files.home) / "Downloads" / f"{profile}.csv"
            path.write_text(f"Access key ID,Secret access key\n{company.key_id()},{company.secret()}\n")
            keys, _ = services.find_keys(f"csv:{path}", (profile,))
            services.import_keys(keys)

    def _dress(self, company: Company) -> None:
        accounts = self.services._accounts
        known = accounts.get(company.account_id)
        name, color = LOOKS[company.name]
        accounts.save(
            Account(
                company.account_id, company.name, name, color, company.alias,
                root_mfa=known.root_mfa if known else None,
            )
        )  # fmt: skip

    def _codes(self) -> None:
        for company in COMPANIES:
            person = company.people[0]
            for seed, user, serial in (
                (person.seed, person.name, f"arn:aws:iam::{company.account_id}:mfa/{person.name}"),
                (company.root_seed, "root user", None),
            ):
                if seed is not None:
                    issuer = quote(company.name)
                    self.services.add_code(
                        address=f"otpauth://totp/{issuer}:{quote(user or '')}?secret={seed}&issuer={issuer}",
                        account_id=company.account_id,
                        serial=serial,
                    )

    def _grace(self, name: str) -> None:
        """A rotation of four days ago, whose old key waits for its end."""
        company = next(c for c in COMPANIES if c.name == name)
        user = self.world.double.user(company.account_id, company.people[0].name)
        user.keys = [key for key in user.keys if key.active]
        user.keys[0].created = TODAY - 190 * DAY
        self.clock.at = TODAY - 4 * DAY
        self.services.rotate(company.key_id())
        self.clock.at = TODAY
        self.services.check(company.account_id)

    def _plaintext_again(self) -> None:
        """What somebody put back: two keys in the credentials file, the root key in Downloads."""
        with open(self.world.files.credentials, "a", encoding="utf-8") as file:
            for profile, company in (
                ("old-acme", companies.ACME_PRODUCTION),
                ("old-northwind", companies.NORTHWIND),
            ):
                file.write(
                    f"\n[{profile}]\naws_access_key_id = {company.key_id(9)}\n"
                    f"aws_secret_access_key = {company.secret(9)}\n"
                )
        with open(self.world.files.root_csv, "w", encoding="utf-8") as file:
            personal = companies.PERSONAL
            file.write(f"Access key ID,Secret access key\r\n{personal.key_id()},{personal.secret()}\r\n")

    def _lately(self) -> None:
        note = self.services._activity.record
        acme, northwind = companies.ACME_PRODUCTION, companies.NORTHWIND
        for minutes, actor, words, company, kind in (
            (3, "terraform", "used the key", acme, "use"),
            (41, "aws", "used the key", northwind, "use"),
            (26 * 60, "you", "copied a code", northwind, "use"),
            (27 * 60, "aws", "used the key", acme, "use"),
        ):
            note(
                TODAY - minutes * 60, actor, text(words), company.account_id, company.key_id(),
                kind,  # type: ignore[arg-type]
            )  # fmt: skip


def read(window: Window) -> None:
    """Wait until what the window asked for is there and drawn. Bounded by the work, not by time."""
    for _ in range(8):
        settle()
        window.tasks.wait()
        settle()
        if not window.tasks.busy:
            return


def until(window: Window, met: Callable[[], bool]) -> None:
    """`read` until `met`, 400 times at the most."""
    for _ in range(400):
        read(window)
        if met():
            return
    raise AssertionError("what was waited for did not come")
