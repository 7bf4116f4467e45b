"""Signature version 4, verified as AWS does: over the raw request, with botocore's own canonical form."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from credguard.demo.cloud.answers import Refusal

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/\s]+)/(\d{8})/([^/\s]+)/([^/\s]+)/aws4_request, ?"
    r"SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})"
)
SKEW_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Request:
    """One raw request. `target` is path and query as sent; `headers` by lower-case name."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Signed:
    """What the Authorization header says, not yet believed."""

    access_key_id: str
    day: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str
    token: str | None
    stamp: str


def read(request: Request) -> Signed:
    """Raises Refusal for a request that is not signed in version 4."""
    header = request.headers.get("authorization", "")
    if not header:
        raise Refusal("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    match = _HEADER.fullmatch(header.strip())
    stamp = request.headers.get("x-amz-date", "")
    if match is None or not re.fullmatch(r"\d{8}T\d{6}Z", stamp):
        raise Refusal("IncompleteSignature", "The request signature does not conform to AWS standards.", 400)
    key, day, region, service, signed, signature = match.groups()
    token = request.headers.get("x-amz-security-token")
    return Signed(key, day, region, service.lower(), tuple(signed.split(";")), signature, token, stamp)


def check_time(signed: Signed, now: float) -> None:
    """Raises Refusal for a signature more than five minutes off."""
    made = datetime.datetime.strptime(signed.stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
    limit = f"{SKEW_SECONDS // 60} min.)"
    if made.timestamp() > now + SKEW_SECONDS:
        at, bound = _stamp(now), _stamp(now + SKEW_SECONDS)
        text = f"Signature not yet current: {signed.stamp} is still later than {bound} ({at} + {limit}"
        raise Refusal("SignatureDoesNotMatch", text, 403)
    if made.timestamp() < now - SKEW_SECONDS:
        at, bound = _stamp(now), _stamp(now - SKEW_SECONDS)
        text = f"Signature expired: {signed.stamp} is now earlier than {bound} ({at} - {limit}"
        raise Refusal("SignatureDoesNotMatch", text, 403)


def _stamp(at: float) -> str:
    return datetime.datetime.fromtimestamp(int(at), datetime.UTC).strftime("%Y%m%dT%H%M%SZ")


def check(request: Request, signed: Signed, secret: str) -> None:
    """Raises Refusal `SignatureDoesNotMatch` where another secret signed, or other words."""
    from botocore.auth import S3SigV4Auth, SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    url = f"http://{request.headers.get('host', '')}{request.target}"
    headers = {name: request.headers.get(name, "") for name in signed.headers}
    made = AWSRequest(method=request.method, url=url, headers=headers, data=request.body)
    made.context["timestamp"] = signed.stamp
    maker = S3SigV4Auth if signed.service == "s3" else SigV4Auth
    auth = maker(Credentials(signed.access_key_id, secret), signed.service, signed.region)
    words = auth.string_to_sign(made, auth.canonical_request(made))
    sound = signed.day == signed.stamp[:8]
    told = request.headers.get("x-amz-content-sha256", "")
    if re.fullmatch("[0-9a-f]{64}", told):  # the client's word for the body: canonical_request believes it
        sound = sound and told == hashlib.sha256(request.body).hexdigest()
    if (
        "host" not in signed.headers
        or not sound
        or not hmac.compare_digest(auth.signature(words, made), signed.signature)
    ):
        text = (
            "The request signature we calculated does not match the signature you provided. Check your AWS"
            " Secret Access Key and signing method. Consult the service documentation for details."
        )
        raise Refusal("SignatureDoesNotMatch", text, 403)
