"""`credguard credential-process --profile P`: what the SDKs run. One JSON document, nothing else."""

from __future__ import annotations

import os
import sys
import threading
import time

import click

from credguard.cli.context import Context
from credguard.cli.help import Command

#: An answer, or a failure, within this time (seconds): Go ends a credential_process after 60.
SECONDS = 48.0


@click.command(cls=Command, help="The credentials of a profile, as the SDKs read them.")
@click.option("--profile", required=True, help="The profile's id or name.")
@click.option("--begun", type=float, hidden=True, help="When the SDK began to wait (the system's clock).")
@click.pass_obj
def command(context: Context, profile: str, begun: float | None = None) -> int:
    from credguard.workflows.credentials import document

    now = time.monotonic()
    left = SECONDS - (now - begun if begun is not None and 0 <= now - begun < SECONDS else 0.0)
    writing = threading.Lock()
    timer = threading.Timer(left, _give_up, (writing,))
    timer.daemon = True
    timer.start()
    found = document(context.services.credentials(profile, left))
    with writing:
        timer.cancel()
        # The only place, beside `exec`, where a secret goes to stdout: it exists to carry it.
        sys.stdout.write(found)
        sys.stdout.flush()
    return 0


def _give_up(writing: threading.Lock) -> None:
    """Whatever hangs, a network or a keychain: the SDK is told, and has nothing of half an answer."""
    if writing.acquire(blocking=False):
        sys.stderr.write("CredGuard did not get the credentials in time. Nothing was changed: do it again.\n")
        sys.stderr.flush()
        os._exit(1)
