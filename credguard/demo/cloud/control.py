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

    POST faults {action, kind, times, after, seconds} · GET counters · POST clock {advance, skew} ·
    POST timing {spread, last_used, device, report} · POST code {serial, ahead} · POST reset
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
        case "GET", "counters":
            return 200, double.counters.all()
        case "POST", "clock":
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
