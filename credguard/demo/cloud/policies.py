"""A small evaluator of policy documents: enough of IAM's rules for users, roles, trust and sessions.

Source: "Policy evaluation logic" and the JSON element reference of the IAM guide. An explicit deny wins,
then an allow; without either the answer is no.
"""

from __future__ import annotations

import calendar
import json
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

Context = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Policy:
    """One document and where it comes from: a managed policy's ARN, or None for an inline one."""

    document: str
    arn: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`allow`, `deny` (by `arn`, if the policy has one), or `none`: nothing says anything."""

    effect: Literal["allow", "deny", "none"]
    arn: str | None = None


def evaluate(policies: Iterable[Policy], action: str, resource: str | None, context: Context) -> Verdict:
    """What `policies` say. `resource` None = not known: an allow counts for any, a deny only for all."""
    allowed: Policy | None = None
    for policy in policies:
        for statement in statements(policy.document):
            deny = statement.get("Effect") == "Deny"
            if not (
                _action_fits(statement, action)
                and _resource_fits(statement, resource, context, deny)
                and conditions_hold(statement.get("Condition"), context)
            ):
                continue
            if deny:
                return Verdict("deny", policy.arn)
            allowed = allowed or policy
    return Verdict("none") if allowed is None else Verdict("allow", allowed.arn)


def trusts(document: str, action: str, principals: Iterable[str], context: Context) -> Verdict:
    """What a role's trust policy says about a caller, known by any of `principals`."""
    known = tuple(principals)
    verdict = Verdict("none")
    for statement in statements(document):
        if not _action_fits(statement, action) or not conditions_hold(statement.get("Condition"), context):
            continue
        if not _principal_fits(statement.get("Principal"), known):
            continue
        if statement.get("Effect") == "Deny":
            return Verdict("deny")
        verdict = Verdict("allow")
    return verdict


@lru_cache(maxsize=4096)
def statements(document: str) -> tuple[dict[str, Any], ...]:
    """The statements of a document, one or many; an unreadable document has none."""
    try:
        found = json.loads(document).get("Statement", [])
    except (ValueError, AttributeError):
        return ()
    return tuple(s for s in (found if isinstance(found, list) else [found]) if isinstance(s, dict))


def _list(value: Any) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]


@lru_cache(maxsize=4096)
def _pattern(text: str, blind: bool) -> re.Pattern[str]:
    body = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in text)
    return re.compile(body, re.DOTALL | (re.IGNORECASE if blind else 0))


def _like(pattern: str, value: str, blind: bool = False) -> bool:
    return _pattern(pattern, blind).fullmatch(value) is not None


def _action_fits(statement: Mapping[str, Any], action: str) -> bool:
    if "Action" in statement:
        return any(_like(one, action, True) for one in _list(statement["Action"]))
    if "NotAction" in statement:
        return not any(_like(one, action, True) for one in _list(statement["NotAction"]))
    return False


def _resource_fits(statement: Mapping[str, Any], resource: str | None, context: Context, deny: bool) -> bool:
    if "Resource" not in statement and "NotResource" not in statement:
        return True
    negated = "NotResource" in statement
    patterns = _list(statement["NotResource" if negated else "Resource"])
    if resource is None:
        return (not deny) if negated else (not deny or "*" in patterns)
    filled = [_fill(one, context) for one in patterns]
    fits = any(one is not None and _like(one, resource) for one in filled)
    return fits != negated


def _fill(text: str, context: Context) -> str | None:
    """Policy variables such as `${aws:username}`; None when one has no value here."""
    missing = False

    def value(found: re.Match[str]) -> str:
        nonlocal missing
        name = found.group(1)
        if name in {"*", "?", "$"}:
            return name
        name, _, default = name.partition(",")
        got = _get(context, name.strip())
        if got is None and not default:
            missing = True
        return got if got is not None else default.strip().strip("'")

    filled = re.sub(r"\$\{([^}]+)\}", value, text)
    return None if missing else filled


def _get(context: Context, key: str) -> str | None:
    low = key.lower()
    return next((value for name, value in context.items() if name.lower() == low), None)


def _principal_fits(principal: Any, known: tuple[str, ...]) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict) or "AWS" not in principal:
        return False
    return any(one == "*" or one in known for one in _list(principal["AWS"]))


# ── conditions ───────────────────────────────────────────────────────────────────────────────────
def conditions_hold(condition: Any, context: Context) -> bool:
    """Every operator and every key has to hold; of a key's values one is enough."""
    if not isinstance(condition, dict):
        return True
    return all(
        _holds(operator, str(key), _list(values), context)
        for operator, keys in condition.items()
        if isinstance(keys, dict)
        for key, values in keys.items()
    )


def _holds(operator: str, key: str, values: list[str], context: Context) -> bool:
    base = operator.rsplit(":", 1)[-1]  # ForAnyValue:, ForAllValues: our keys have one value each
    if_exists = base.endswith("IfExists")
    base = base.removesuffix("IfExists")
    got = _get(context, key)
    if base == "Null":
        return any((got is None) == (value.lower() == "true") for value in values)
    negated = "Not" in base
    if got is None:
        return if_exists or negated
    wanted = [value for value in (_fill(one, context) for one in values) if value is not None]
    fits = any(_compare(base.replace("Not", ""), got, value) for value in wanted)
    return fits != negated


def _compare(operator: str, got: str, wanted: str) -> bool:
    if operator in {"StringLike", "ArnLike", "ArnEquals"}:
        return _like(wanted, got)
    if operator in {"StringEqualsIgnoreCase", "Bool"}:
        return got.lower() == wanted.lower()
    if operator.startswith("Date"):
        return _ordered(operator.removeprefix("Date"), _when(got), _when(wanted))
    if operator.startswith("Numeric"):
        return _ordered(operator.removeprefix("Numeric"), _number(got), _number(wanted))
    if operator == "IpAddress":
        return wanted.split("/")[0] in {got, "0.0.0.0"}  # noqa: S104 - the loopback knows no networks
    return got == wanted


def _ordered(how: str, got: float | None, wanted: float | None) -> bool:
    if got is None or wanted is None:
        return False
    return {
        "Equals": got == wanted,
        "LessThan": got < wanted,
        "LessThanEquals": got <= wanted,
        "GreaterThan": got > wanted,
        "GreaterThanEquals": got >= wanted,
    }.get(how, False)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _when(text: str) -> float | None:
    number = _number(text)
    if number is not None:
        return number
    plain = re.sub(r"\.\d+", "", text.strip()).removesuffix("Z").removesuffix("+00:00")
    for form in ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"):
        try:
            return float(calendar.timegm(time.strptime(plain, form)))
        except ValueError:
            continue
    return None
