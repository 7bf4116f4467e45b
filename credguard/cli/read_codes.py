"""The child process that reads a file of codes for an import (exchange/apart.py). Not for people."""

from __future__ import annotations

import sys

import click

from credguard.cli.help import Command


@click.command(cls=Command, hidden=True, help="What an import of codes starts, to read a file apart.")
def command() -> int:
    from credguard.exchange.apart import serve

    serve(sys.stdin.buffer, sys.stdout.buffer)
    return 0
