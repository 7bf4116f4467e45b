"""boto3 clients from explicit credentials: never the ambient chain, never ~/.aws.

`AWS_ENDPOINT_URL` (and `_IAM`, `_STS`) in the environment are honoured; the region is always set,
since a client without one resolves to the commercial partition's global endpoint.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any

from credguard.domain.keys import Credentials
from credguard.system.clock import Clock, SystemClock

CONNECT_SECONDS = 5
READ_SECONDS = 15
#: One region for each partition, where IAM and STS always answer.
HOME_REGION = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-eusc": "eusc-de-east-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
}


class AwsClients:
    """Makes clients; learns from each answer's Date how far this computer's clock is off."""

    def __init__(self, clock: Clock | None = None, environ: Mapping[str, str] | None = None) -> None:
        self._clock: Clock = clock or SystemClock()
        self._environ = os.environ if environ is None else environ
        self._session: Any = None
        self._lock = threading.Lock()
        self.clock_offset: float | None = None  # seconds AWS is ahead of this computer

    def endpoint(self, service: str) -> str | None:
        """The address that the environment names instead of AWS's own."""
        if self._environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
            return None
        return (
            self._environ.get(f"AWS_ENDPOINT_URL_{service.upper()}")
            or self._environ.get("AWS_ENDPOINT_URL")
            or None
        )

    def load(self, service: str) -> None:
        """Load what a client of `service` is made of. It takes seconds on a busy computer: so before a code
        is chosen, not while it runs out."""
        with self._lock:
            self._session_once()._session.get_service_model(service)

    def client(
        self,
        service: str,
        credentials: Credentials,
        *,
        region: str | None = None,
        partition: str = "aws",
        attempts: int = 3,
        endpoint_url: str | None = None,
    ) -> Any:
        """A client. `attempts` 1 sends one request: for CreateAccessKey, and where a code is sent.

        `endpoint_url` is a profile's own; the environment's wins over it, as with the AWS tools.
        """
        from botocore.config import Config

        config = Config(
            region_name=region or HOME_REGION.get(partition, "us-east-1"),
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"total_max_attempts": attempts, "mode": "standard"},
            parameter_validation=True,
        )
        token = credentials.session_token
        with self._lock:
            session = self._session_once()
            made = session.client(
                service,
                aws_access_key_id=credentials.access_key_id,
                aws_secret_access_key=credentials.secret.reveal(),
                aws_session_token=token.reveal() if token is not None else None,
                endpoint_url=self.endpoint(service) or endpoint_url,
                config=config,
            )
        made.meta.events.register("after-call.*.*", self._learn)
        return made

    def _session_once(self) -> Any:
        """One botocore session without config files: its loaders cache the service models."""
        if self._session is None:
            from boto3 import Session
            from botocore.session import Session as Core

            core = Core(
                session_vars={
                    "profile": (None, None, None, None),
                    "config_file": (None, None, os.devnull, None),
                    "credentials_file": (None, None, os.devnull, None),
                }
            )
            self._session = Session(botocore_session=core)
        return self._session

    def _learn(self, http_response: Any, **_: Any) -> None:
        date = http_response.headers.get("date") if http_response is not None else None
        if date is None:
            return
        import email.utils

        try:
            at = email.utils.parsedate_to_datetime(date).timestamp()
        except (TypeError, ValueError):
            return
        self.clock_offset = at - self._clock.now()
