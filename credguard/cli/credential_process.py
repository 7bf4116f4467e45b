"""`credguard credential-process --profile P`: what the SDKs run. One JSON document, nothing else."""

from __future__ import annotations

import sys

import click

from credguard.cli.context import Context
from credguard.wire.credential_process import answer


@click.command(help="The credentials of a profile, as the SDKs read them.")
@click.option("--profile", required=True, help="The profile's id or name.")
@click.pass_obj
def command(context: Context, profile: str) -> int:
    from credguard.cli.output import iso

    credentials = context.services.credentials(profile)
    token = credentials.session_token
    # The only place, beside `exec`, where a secret goes to stdout: it exists to carry it.
    sys.stdout.write(
        answer(
            credentials.access_key_id,
            credentials.secret.reveal(),
            credentials.account_id,
            token.reveal() if token is not None else None,
            iso(credentials.expiration),
        )
    )
    sys.stdout.flush()
    return 0
