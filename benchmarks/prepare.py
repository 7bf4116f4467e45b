"""Fills a state folder with invented accounts, through the program's own parts. Run as a child:

python -m benchmarks.prepare COUNT      (CREDGUARD_HOME and the rest of the environment say where)
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from credguard.catalog.accounts import Accounts
from credguard.catalog.keys import Keys, Profiles
from credguard.domain.accounts import COLORS, Account
from credguard.domain.keys import DAY, AccessKey
from credguard.domain.profiles import ProfileLink
from credguard.services import Services
from credguard.wire import items, places

NAMES = ("Northwind", "Blue Kite", "Larch & Sons", "Quiet Harbour", "Tin Roof", "Personal")
PROFILE = "p-bench0"
CODE = "Northwind"
KEY = "AKIATW5NHGREXAMPLE0"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def fill(services: Services, count: int) -> None:
    """`count` accounts, each with a key, a profile that is served, and an age; one code."""
    accounts, keys = Accounts(services.database), Keys(services.database)
    profiles = Profiles(services.database)
    store, now = services.store, time.time()
    lines = []
    for number, name in enumerate(NAMES[:count]):
        account_id, key_id, profile_id = f"48201173905{number}", f"{KEY}{number}", f"p-bench{number}"
        arn = f"arn:aws:iam::{account_id}:user/m.keller"
        created = now - (20 + 17 * number) * DAY
        profile = name.split()[0].lower()
        store.write(items.access_key(key_id), items.access_key_item(key_id, SECRET, account_id, arn, created))
        store.write(items.profile(profile_id), items.profile_item(profile_id, profile, key_id, account_id))
        accounts.save(Account(account_id, name, name, COLORS[number]))
        keys.save(AccessKey(key_id, account_id, arn, created, "active", store.kind))
        profiles.save(ProfileLink(profile_id, profile, key_id, account_id, places.aws_config()))
        line = " ".join([*places.helper(), profile_id])
        lines += [f"[profile {profile}]", "region = eu-central-1", f"credential_process = {line}", ""]
    services.add_code(secret="JBSWY3DPEHPK3PXP", name=CODE)
    config = Path(places.aws_config())
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text("\n".join(lines))


if __name__ == "__main__":
    made = Services()
    fill(made, int(sys.argv[1]))
    made.close()
