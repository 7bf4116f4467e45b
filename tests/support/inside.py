"""The AWS double without a network: boto3 signs, parses and retries as ever, and the request is handed over.

For tests that try thousands of moments. A client is made once for each service and number of attempts, as
making one costs more than all that is asked of it; its credentials change with each use.
"""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError
from botocore.retries import quota, standard

from credguard.aws.clients import AwsClients
from credguard.demo.cloud.server import Double
from credguard.domain.keys import Credentials
from tests.support.clock import FakeClock


class InsideClients(AwsClients):
    """Clients of a double in this process. They are for one call each: the next one changes who signs."""

    def __init__(self, clock: FakeClock, double: Double) -> None:
        super().__init__(clock, {"AWS_ENDPOINT_URL": double.url})
        self._double = double
        self._made: dict[tuple[Any, ...], Any] = {}

    def client(self, service: str, credentials: Credentials, **options: Any) -> Any:
        which = (service, *sorted(options.items()))
        if which not in self._made:
            made = super().client(service, credentials, **options)
            made.meta.events.register("before-send.*.*", self._hand_over)
            _retry_at_once(made, service, options.get("attempts", 3))
            self._made[which] = made
        client = self._made[which]
        signs = client._request_signer._credentials
        signs.access_key, signs.secret_key = credentials.access_key_id, credentials.secret.reveal()
        token = credentials.session_token
        signs.token = None if token is None else token.reveal()
        return client

    def _hand_over(self, request: Any, **_: Any) -> AWSResponse:
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        url = urlsplit(request.url)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "REQUEST_URI": f"{url.path or '/'}{'?' + url.query if url.query else ''}",
            "PATH_INFO": url.path or "/",
            "QUERY_STRING": url.query,
            "HTTP_HOST": url.netloc,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "werkzeug.socket": _Line(),
        }
        for name, value in request.headers.items():
            value = value.decode() if isinstance(value, bytes) else str(value)
            plain = name.upper().replace("-", "_")
            environ[plain if plain in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{plain}"] = value
        said: list[Any] = []
        try:
            content = b"".join(self._double._answer(environ, lambda *given: said.extend(given)))
        except ConnectionAbortedError:
            raise ConnectionClosedError(endpoint_url=request.url) from None
        status, headers = said
        return AWSResponse(request.url, int(status.split()[0]), _headers(headers), _Raw(content))


class _Line:
    """Stands where the connection is, for a fault that closes it."""

    def shutdown(self, how: int) -> None:
        return None


class _Raw:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> list[bytes]:
        return [self._content]


class _AtOnce(standard.ExponentialBackoff):  # type: ignore[misc]
    def delay_amount(self, context: Any) -> float:
        return 0.0


def _headers(given: list[tuple[str, str]]) -> Any:
    from botocore.compat import HTTPHeaders

    return HTTPHeaders.from_pairs(given)


def _retry_at_once(client: Any, service: str, attempts: int) -> None:
    """botocore's own decisions, without its rests and without a budget that many tests would share."""
    unique = f"retry-config-{service}"
    client.meta.events.unregister(f"needs-retry.{service}", unique_id=unique)
    handler = standard.RetryHandler(
        standard.RetryPolicy(standard.StandardRetryConditions(max_attempts=attempts), _AtOnce()),
        standard.RetryEventAdapter(),
        standard.RetryQuotaChecker(quota.RetryQuota(initial_capacity=10**9)),
    )
    client.meta.events.register(f"needs-retry.{service}", handler.needs_retry, unique_id=unique)
