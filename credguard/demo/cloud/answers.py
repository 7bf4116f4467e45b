"""Answers in the XML of the query protocol, and refusals in AWS's words."""

from __future__ import annotations

import base64
import datetime
import json
import uuid
from typing import Any
from xml.sax.saxutils import escape

_SPACES = {
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}


def _request_id() -> str:
    """Another one for each answer, as AWS's are."""
    return str(uuid.uuid4())


class Refusal(Exception):
    """An error answer: AWS's code, its text, and the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


def when(at: float) -> str:
    """Seconds since 1970 as AWS writes times."""
    return datetime.datetime.fromtimestamp(int(at), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def xml(service: str, action: str, result: dict[str, Any]) -> bytes:
    """`result` as the answer to `action`: lists become members, bytes Base64."""
    inner = "".join(_element(name, value) for name, value in result.items())
    body = f"<{action}Result>{inner}</{action}Result>" if result else ""
    return (
        f'<{action}Response xmlns="{_SPACES[service]}">{body}'
        f"<ResponseMetadata><RequestId>{_request_id()}</RequestId></ResponseMetadata></{action}Response>"
    ).encode()


class Repeated(tuple[Any, ...]):
    """Values written one after another under one name, as maps are: entries without `member`."""

    __slots__ = ()


def _element(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Repeated):
        return "".join(_element(name, each) for each in value)
    return f"<{name}>{_inner(value)}</{name}>"


def _inner(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(_element(str(k), v) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return "".join(_element("member", v) for v in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return escape(str(value))


def refusal(service: str, error: Refusal, as_json: bool = False) -> tuple[bytes, str]:
    """Body and content type of an error answer."""
    if as_json:
        body = {"__type": error.code, "message": error.message}
        return json.dumps(body).encode(), "application/x-amz-json-1.1"
    kind = "Sender" if error.status < 500 else "Receiver"
    code, message = escape(error.code), escape(error.message)
    if service == "s3":
        return f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode(), "application/xml"
    if service == "ec2":
        text = f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
        return f"{text}<RequestID>{_request_id()}</RequestID></Response>".encode(), "text/xml"
    space = _SPACES.get(service, "http://webservices.amazon.com/AWSFault/2005-15-09")
    return (
        f'<ErrorResponse xmlns="{space}"><Error><Type>{kind}</Type><Code>{code}</Code>'
        f"<Message>{message}</Message></Error><RequestId>{_request_id()}</RequestId></ErrorResponse>"
    ).encode(), "text/xml"


def unknown_token() -> Refusal:
    return Refusal("InvalidClientTokenId", "The security token included in the request is invalid.", 403)


def not_authorized(arn: str, action: str, resource: str, why: str) -> Refusal:
    text = f"User: {arn} is not authorized to perform: {action} on resource: {resource} {why}"
    return Refusal("AccessDenied", text, 403)


def no_policy(arn: str, action: str, resource: str) -> Refusal:
    """The right is missing."""
    why = f"because no identity-based policy allows the {action} action"
    return not_authorized(arn, action, resource, why)


def explicit_deny(arn: str, action: str, resource: str, policy: str | None = None) -> Refusal:
    """A policy forbids it; newer texts name the policy."""
    why = "with an explicit deny in an identity-based policy" + (f": {policy}" if policy else "")
    return not_authorized(arn, action, resource, why)
