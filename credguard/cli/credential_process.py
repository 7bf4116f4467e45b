"""`credguard credential-process --profile P`: what the SDKs run. One JSON document, nothing else."""

from __future__ import annotations

import sys

import click

from credguard.cli.context import Context
from credguard.cli.help import Command


@click.command(cls=Command, help="The credentials of a profile, as the SDKs read them.")
@click.option("--profile", required=True, help="The profile's id or name.")
@click.pass_obj
def command(context: Context, profile: str) -> int:
    from credguard.workflows.credentials import document

    # The only place, beside `exec`, where a secret goes to stdout: it exists to carry it.
    sys.stdout.write(document(context.services.credentials(profile)))
    sys.stdout.flush()
    return 0
