"""The double's own address, /_double/…, for other processes: faults, counts, time. It wants a token."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any

from credguard.demo.cloud.signature import Request

if TYPE_CHECKING:
    from credguard.demo.cloud.server import Double

PREFIX = "/_double/"
HEADER = "x-double-token"


def answer(double: Double, request: Request) -> tuple[int, Any]:
    """HTTP status and what is answered as JSON.

    POST faults {action, kind, times, after, seconds, key, account, status} · GET faults · DELETE faults ·
    GET counters · POST events {action, account, key, outcome} · GET status · GET accounts ·
    POST clock {advance, set, skew} · POST timing {spread, last_used, device, report} ·
    POST code {serial, ahead} · POST reset
    """
    given_token = request.headers.get(HEADER, "")
    if not hmac.compare_digest(given_token.encode(), double.token.encode()):
        return 403, {"error": "wrong token"}
    what = request.target.partition("?")[0].removeprefix(PREFIX)
    try:
        given = json.loads(request.body) if request.body else {}
        return _do(double, request.method, what, given)
    except (KeyError, TypeError, ValueError) as error:
        return 400, {"error": f"{type(error).__name__}: {error}"}


def _do(double: Double, method: str, what: str, given: dict[str, Any]) -> tuple[int, Any]:
    match method, what:
        case "POST", "faults":
            double.faults.add(**given)
        case "GET", "faults":
            return 200, {"left": double.faults.left()}
        case "DELETE", "faults":
            double.faults.clear()
        case "POST", "events":
            return 200, double.events.rows(**given)
        case "GET", "status":
            return 200, {"url": double.url, "now": double.clock.now(), "skew": double.clock.skew}
        case "GET", "accounts":
            return 200, [_account(double, account_id) for account_id in double.state.accounts]
        case "GET", "counters":
            return 200, double.counters.all()
        case "POST", "clock":
            if "set" in given:
                double.clock.advance(float(given["set"]) - double.clock.now())
            double.clock.advance(float(given.get("advance", 0.0)))
            double.clock.skew = float(given.get("skew", double.clock.skew))
        case "POST", "timing":
            for name, value in given.items():
                if not hasattr(double.timing, name):
                    raise ValueError(name)
                setattr(double.timing, name, float(value))
        case "POST", "code":
            return 200, {"code": double.code(str(given["serial"]), int(given.get("ahead", 0)))}
        case "POST", "reset":
            double.reset()
        case _:
            return 404, {"error": "no such thing"}
    return 200, {}


def _account(double: Double, account_id: str) -> dict[str, Any]:
    """What the invented people of an account have: their keys, secrets and seeds."""
    account = double.state.accounts[account_id]
    return {
        "account_id": account_id,
        "alias": account.alias,
        "people": [
            {
                "arn": user.arn,
                "keys": [
                    {"access_key_id": k.access_key_id, "secret": k.secret, "active": k.active}
                    for k in user.live_keys()
                ],
                "devices": [{"serial": d.serial, "seed": d.seed} for d in user.devices],
            }
            for user in account.everyone()
        ],
    }
