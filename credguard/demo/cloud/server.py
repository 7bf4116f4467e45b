"""The double: an AWS of invented companies on this computer, over HTTP.

STS and IAM's keys, devices and report are ours, with AWS's rules and texts; every other call goes to
moto, as the account of whoever signed it.
"""

from __future__ import annotations

import email.utils
import json
import re
import secrets as randomness
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from credguard.demo.cloud import control, iam_account, iam_keys, iam_mfa, signature, sts
from credguard.demo.cloud.answers import Refusal, no_policy, refusal, unknown_token, xml
from credguard.demo.cloud.caller import Caller, authenticate
from credguard.demo.cloud.companies import COMPANIES, Company
from credguard.demo.cloud.faults import Counters, Event, Events, Fault, Faults
from credguard.demo.cloud.moto_behind import MotoBehind
from credguard.demo.cloud.permissions import authorize, needed
from credguard.demo.cloud.signature import Request, Signed
from credguard.demo.cloud.state import State, User
from credguard.demo.cloud.timing import DoubleClock, Timing
from credguard.system.clock import Clock

if TYPE_CHECKING:
    from werkzeug.serving import BaseWSGIServer

Start = Callable[[str, list[tuple[str, str]]], Any]
Environ = dict[str, Any]
OURS: dict[str, dict[str, Any]] = {
    "sts": dict(sts.ACTIONS),
    "iam": {**iam_keys.ACTIONS, **iam_mfa.ACTIONS, **iam_account.ACTIONS},
}
#: The same refusals under the names that other services use.
_NAMES = {
    ("ec2", "InvalidClientTokenId"): "AuthFailure",
    ("ec2", "AccessDenied"): "UnauthorizedOperation",
    ("s3", "InvalidClientTokenId"): "InvalidAccessKeyId",
}
_JSON_NAMES = {
    "InvalidClientTokenId": "UnrecognizedClientException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "ExpiredToken": "ExpiredTokenException",
    "AccessDenied": "AccessDeniedException",
    "Throttling": "ThrottlingException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
}


class Double:
    """Starts at once on a free loopback port. `url` is what AWS_ENDPOINT_URL wants.

    `clock` is its time (the computer's by default); `timing` how slowly news spreads.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        timing: Timing | None = None,
        companies: tuple[Company, ...] = COMPANIES,
        port: int = 0,
    ) -> None:
        self.clock = DoubleClock(clock)
        self.timing = timing or Timing()
        self.faults = Faults()
        self.counters = Counters()
        self.events = Events()
        self.changed: Callable[[], None] = lambda: None  # told after each request
        self.token = randomness.token_urlsafe(24)
        self.companies = companies
        self._first_timing = Timing(**vars(self.timing))
        self._lock = threading.RLock()
        self.state = State(self.clock, self.timing, companies)
        self._behind = MotoBehind(companies)
        self._server = _serve(self._answer, port)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="double", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End it; its port is free afterwards."""
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()
        with self._lock:
            self._behind.release()

    def __enter__(self) -> Double:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def reset(self) -> None:
        """Everything as at the start; the address and token stay."""
        with self._lock:
            self.clock.offset = self.clock.skew = 0.0
            self.timing.__dict__.update(vars(self._first_timing))
            self.faults.clear()
            self.counters.clear()
            self.events.clear()
            self._behind.reset()
            self.state = State(self.clock, self.timing, self.companies)

    def replace_state(self, state: State) -> None:
        """Go on from another state, such as that of an earlier run."""
        with self._lock:
            self._behind.reset()
            self.state = state

    def user(self, account_id: str, name: str | None = None) -> User:
        """A user to look at or change (`denied`, `enforced`, `quarantined`); `name` None is root."""
        return self.state.user(account_id, name)

    def moto(self, account_id: str) -> Any:
        """moto's IAM of an account: to put groups, roles and policies there without asking over HTTP."""
        with self._lock:
            return self._behind.backend(self.state, account_id)

    def code(self, serial: str, ahead: int = 0) -> str:
        """The code that a device shows now, or `ahead` steps from now. Raises KeyError."""
        from credguard.demo.cloud.devices import STEP, code_at

        for account in self.state.accounts.values():
            for device, _ in account.devices():
                if device.serial == serial:
                    return code_at(device.seed, int(self.clock.now() // STEP) + device.drift + ahead)
        raise KeyError(serial)

    # ── one request ──────────────────────────────────────────────────────────────────────────────
    def _answer(self, environ: Environ, start: Start) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        request = _request(environ, body)
        if request.target.startswith(control.PREFIX):
            with self._lock:
                status, answer = control.answer(self, request)
                self.changed()
            return self._send(start, status, json.dumps(answer).encode(), "application/json")
        try:
            return self._serve_one(environ, start, request)
        except _Dropped:
            connection: socket.socket = environ["werkzeug.socket"]
            connection.shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError from None

    def _serve_one(self, environ: Environ, start: Start, request: Request) -> Iterable[bytes]:
        given = _parameters(request)
        action = given.get("Action", "") or request.headers.get("x-amz-target", "").rsplit(".", 1)[-1]
        asked = _Asked(action, "", "", given)
        as_json = "x-amz-target" in request.headers
        try:
            signed = signature.read(request)
            asked.service, asked.key = signed.service, signed.access_key_id
            with self._lock:
                asked.account = self._account_of(signed.access_key_id)
                self.counters.count(action, signed.access_key_id)
                fault = self.faults.take(action, signed.service, signed.access_key_id, asked.account)
            _strike_before(fault)
            with self._lock:
                caller = self._admit(request, signed, asked, fault)
                answer = self._perform(environ, request, caller, asked)
            if fault is not None and fault.kind == "answer-lost":
                raise _Dropped(fault.kind)
            self._note(request, asked, "ok" if answer[0].startswith("2") else answer[0].split()[0])
            status, headers, body = answer
            start(status, [(k, v) for k, v in headers if k.lower() != "date"] + [self._date()])
            return [body]
        except Refusal as error:
            self._note(request, asked, error.code)
            shown = _renamed(error, asked.service, as_json)
            body, kind = refusal(asked.service, shown, as_json)
            return self._send(start, shown.status, body, kind)
        except _Dropped as dropped:
            self._note(request, asked, str(dropped))
            raise

    def _admit(self, request: Request, signed: Signed, asked: _Asked, fault: Fault | None) -> Caller:
        caller = authenticate(self.state, request, signed)
        asked.caller = caller
        if fault is not None and fault.kind == "denied":
            name, _, label = needed(self.state, caller, request, asked.service, asked.action, asked.given)
            raise no_policy(caller.arn, name, label)
        authorize(
            self.state,
            self._behind,
            caller,
            request,
            asked.service,
            asked.action,
            asked.given,
            signed.region,
        )
        return caller

    def _perform(
        self, environ: Environ, request: Request, caller: Caller, asked: _Asked
    ) -> tuple[str, list[tuple[str, str]], bytes]:
        service, action, given = asked.service, asked.action, asked.given
        if (service, action) == ("sts", "AssumeRole"):
            result = sts.assume_role(self.state, self._behind, caller, given)
        elif action in OURS.get(service, {}):
            result = OURS[service][action](self.state, caller, given)
        else:
            return self._behind.ask(self.state, environ, request, caller, service, action, given)
        body = xml(service, action, result)
        return "200 OK", [("Content-Type", "text/xml"), ("Content-Length", str(len(body)))], body

    def _account_of(self, access_key_id: str) -> str:
        session = self.state.sessions.get(access_key_id)
        if session is not None:
            return session.account_id
        found = self.state.key(access_key_id)
        return found[1].account_id if found is not None else ""

    def _note(self, request: Request, asked: _Asked, outcome: str) -> None:
        given, caller = asked.given, asked.caller
        subject = given.get("AccessKeyId") or given.get("SerialNumber") or given.get("UserName") or ""
        event = Event(
            self.clock.now(),
            asked.service,
            asked.action,
            asked.account,
            asked.key,
            caller.arn if caller is not None else "",
            outcome,
            subject,
            request.headers.get("user-agent", ""),
        )
        with self._lock:
            self.events.add(event)
            self.changed()

    def _send(self, start: Start, status: int, body: bytes, kind: str) -> Iterable[bytes]:
        headers = [("Content-Type", kind), ("Content-Length", str(len(body))), self._date()]
        start(f"{status} {'OK' if status < 300 else 'Error'}", headers)
        return [body]

    def _date(self) -> tuple[str, str]:
        return "Date", email.utils.formatdate(self.clock.date(), usegmt=True)


@dataclass
class _Asked:
    """What is known of a request while it is served."""

    action: str
    service: str
    key: str
    given: dict[str, str]
    account: str = ""
    caller: Caller | None = None


class _Dropped(Exception):
    """Close the connection without an answer."""


def _renamed(error: Refusal, service: str, as_json: bool) -> Refusal:
    """`error` as this kind of service calls it."""
    if as_json:
        code = _JSON_NAMES.get(error.code, error.code)
        return Refusal(code, error.message, 400 if code != error.code else error.status)
    code = _NAMES.get((service, error.code), error.code)
    return Refusal(code, error.message, 401 if code == "AuthFailure" else error.status)


def _strike_before(fault: Fault | None) -> None:
    """Faults that strike before anything happens. `slow` sleeps for real: the client waits for real."""
    if fault is None:
        return
    if fault.kind == "never-arrived":
        raise _Dropped(fault.kind)
    if fault.kind == "unknown-key":
        raise unknown_token()
    if fault.kind == "throttled":
        raise Refusal("Throttling", "Rate exceeded", 400)
    if fault.kind == "server-error":
        text = "The request processing has failed because of an unknown error, exception or failure."
        raise Refusal("ServiceUnavailable" if fault.status == 503 else "ServiceFailure", text, fault.status)
    if fault.kind == "slow":
        time.sleep(fault.seconds)


def _request(environ: Environ, body: bytes) -> Request:
    headers = {
        name[5:].replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = str(environ[name])
    target = str(environ.get("REQUEST_URI") or environ.get("RAW_URI") or environ.get("PATH_INFO", "/"))
    return Request(str(environ["REQUEST_METHOD"]), re.sub(r"^https?://[^/]*", "", target), headers, body)


def _parameters(request: Request) -> dict[str, str]:
    """The parameters of a query call, from the form or the address."""
    given = dict(parse_qsl(request.target.partition("?")[2], keep_blank_values=True))
    if "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        given |= dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    return given


def _serve(app: Any, port: int) -> BaseWSGIServer:
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *_: Any) -> None:
            return None

        def send_response(self, code: int, message: str | None = None) -> None:
            # Without the base's own Date, which would come first and tell this computer's time.
            self.send_response_only(code, message)

    return make_server("127.0.0.1", port, app, threaded=True, request_handler=Quiet)
