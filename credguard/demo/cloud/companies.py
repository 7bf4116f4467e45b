"""The invented companies: accounts, users, devices and keys that exist only in the double.

Nothing here was ever issued by AWS: key ids and secrets carry the word EXAMPLE, seeds spell words.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

DAY = 86_400.0
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def key_id(account_id: str, number: int = 0, prefix: str = "AKIA") -> str:
    """A key id that carries its account, as AWS's own have done since about 2019.

    48 bits: a one, the account in 40, seven that are free. `number` 0 ends in EXAMPLE, others in
    EXAM and three letters of their own. Source of the layout: the project's AWS facts.
    """
    if not 0 <= number < 32**3:
        raise ValueError("number is 0 to 32767")
    tail = "EXAMPLE"
    if number:
        tail = "EXAM" + "".join(_BASE32[number >> shift & 31] for shift in (10, 5, 0))
    bits = (1 << 47) | (int(account_id) << 7)
    head = base64.b32encode(bits.to_bytes(6, "big") + bytes(4)).decode()[:9]
    return prefix + head + tail


def secret(label: str, number: int = 0) -> str:
    """A 40-character secret that says what it is."""
    letters = "".join(c for c in label if c.isalnum())
    stem = f"wJalr{letters}/{number:04d}/bPxRfiCY"
    return (
        (stem + "EXAMPLEKEY".rjust(40 - len(stem), "x"))[:40] if len(stem) <= 30 else stem[:30] + "EXAMPLEKEY"
    )


@dataclass(frozen=True, slots=True)
class Person:
    """An IAM user (`name`) or root (`name` None) with one key of `key_days`.

    `seed` is the Base32 seed of the one MFA device; `old_key_days` adds an inactive second key.
    `seen_days` is how long ago the key was used last. `enforced`: a policy denies all without MFA.
    """

    name: str | None
    key_days: int
    seed: str | None = None
    enforced: bool = False
    old_key_days: int | None = None
    seen_days: float = 0.1
    security_key: str | None = None  # the name of a FIDO key besides, for the console


@dataclass(frozen=True, slots=True)
class Company:
    """An account. `alias` is IAM's account alias.

    Its users are in `group`, which has AWS's `policies` and its `own_policies`. `colleagues` sign in to
    the console without MFA and have no key. `role` is a name and AWS's policy for it; all of the account
    may assume it. `root_seed`: of root's device, where the demo person has it too.
    """

    name: str
    account_id: str
    alias: str | None
    people: tuple[Person, ...]
    root_mfa: bool = True
    group: str | None = None
    policies: tuple[str, ...] = ()
    own_policies: tuple[tuple[str, dict[str, object]], ...] = ()
    colleagues: tuple[str, ...] = ()
    role: tuple[str, str] | None = None
    root_seed: str | None = None

    def key_id(self, number: int = 0) -> str:
        return key_id(self.account_id, number)

    def secret(self, number: int = 0) -> str:
        return secret(self.name, number)

    def trust(self) -> dict[str, object]:
        """Whoever in this account may by its own policies."""
        return {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"AWS": f"arn:aws:iam::{self.account_id}:root"},
            },
        }


#: Own keys and devices, after the self-management policy in the IAM guide; deleting devices besides.
MANAGE_OWN: dict[str, object] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "AllowViewing",
            "Effect": "Allow",
            "Action": ["iam:GetAccountPasswordPolicy", "iam:ListVirtualMFADevices"],
            "Resource": "*",
        },
        {
            "Sid": "AllowOwnUser",
            "Effect": "Allow",
            "Action": [
                *("iam:ChangePassword", "iam:GetUser"),
                *("iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:ListAccessKeys", "iam:UpdateAccessKey"),
                *("iam:GetAccessKeyLastUsed", "iam:EnableMFADevice", "iam:DeactivateMFADevice"),
                *("iam:ResyncMFADevice", "iam:ListMFADevices", "iam:GetMFADevice"),
            ],
            "Resource": ["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/*/${aws:username}"],
        },
        {
            "Sid": "AllowOwnDevices",
            "Effect": "Allow",
            "Action": ["iam:CreateVirtualMFADevice", "iam:DeleteVirtualMFADevice"],
            "Resource": "arn:aws:iam::*:mfa/*",
        },
    ],
}
#: The guide's second half: everything else only with MFA.
DEMAND_MFA: dict[str, object] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "DenyAllExceptListedIfNoMFA",
            "Effect": "Deny",
            "NotAction": [
                *("iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:GetUser", "iam:GetMFADevice"),
                *("iam:ListMFADevices", "iam:ListVirtualMFADevices", "iam:ResyncMFADevice"),
                "sts:GetSessionToken",
            ],
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        }
    ],
}
_OWN = (("ManageOwnCredentials", MANAGE_OWN),)
_OWN_WITH_MFA = (*_OWN, ("DemandMFA", DEMAND_MFA))
_DEVELOPER = ("PowerUserAccess", "IAMReadOnlyAccess")

ACME_PRODUCTION = Company(
    "Acme Production",
    "123456789012",
    "acme-production",
    (Person("maria", 52, "ACMEPRODUCTIONEXAMPLEACMEPRODUCT"),),
    group="Administrators",
    policies=("AdministratorAccess",),
)
ACME_STAGING = Company(
    "Acme Staging",
    "210987654321",
    "acme-staging",
    (Person("maria", 72, "ACMESTAGINGEXAMPLEACMESTAGINGACM"),),
    group="Administrators",
    policies=("AdministratorAccess",),
)
NORTHWIND = Company(
    "Northwind",
    "482011739056",
    "northwind",
    (
        Person(
            "m.keller",
            34,
            "NORTHWINDEXAMPLENORTHWINDEXAMPLE",
            enforced=True,
            security_key="YubiKey5C-EXAMPLE",
        ),
    ),
    group="Developers",
    policies=_DEVELOPER,
    own_policies=_OWN_WITH_MFA,
    colleagues=("tomas",),
    role=("etl-writer", "AmazonS3FullAccess"),
)
NORTHWIND_SANDBOX = Company(
    "Northwind Sandbox",
    "482099310047",
    "northwind-sandbox",
    (Person("m.keller", 4, "SANDBOXEXAMPLESANDBOXEXAMPLESAND", old_key_days=190),),
    group="Developers",
    policies=_DEVELOPER,
    own_policies=_OWN,
)
BLUE_KITE = Company(
    "Blue Kite",
    "771304628895",
    "blue-kite",
    (Person("mk", 97, "BLUEKITEEXAMPLEBLUEKITEEXAMPLEBL", seen_days=0.5),),
    group="Freelancers",
    policies=_DEVELOPER,
    own_policies=_OWN,
    root_seed="BLUEKITEROOTEXAMPLEBLUEKITEROOTE",
)
PERSONAL = Company("Personal", "314159265358", None, (Person(None, 1412, seen_days=3.0),), root_mfa=False)

COMPANIES = (ACME_PRODUCTION, ACME_STAGING, NORTHWIND, NORTHWIND_SANDBOX, BLUE_KITE, PERSONAL)
