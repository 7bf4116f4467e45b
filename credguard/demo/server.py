"""The double as a process: `python -m credguard.demo.server --port 0 --state-file FILE`.

Prints one line of JSON (`endpoint`, `port`, `token`, `pid`) once it listens, and runs until it is ended by
its process id, its standard input closes (`--until-eof`), or nobody asked for `--idle` seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sys
import threading
import time
from types import FrameType

from credguard.demo.cloud.saved import load, save
from credguard.demo.cloud.server import Double
from credguard.demo.cloud.timing import like_aws


def main(argv: list[str] | None = None) -> int:
    """Run until ended."""
    parser = argparse.ArgumentParser(prog="credguard.demo.server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: that of last time if it is free, else any")
    parser.add_argument("--state-file", help="keeps keys, sessions and devices from one run to the next")
    parser.add_argument("--idle", type=float, default=0.0, help="end after so many seconds without a request")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input closes")
    parser.add_argument("--like-aws", action="store_true", help="news of keys and devices spreads slowly")
    given = parser.parse_args(argv)
    over = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        over.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    before = load(given.state_file) if given.state_file else None
    double = _start(given.port, before.get("port", 0) if before else 0, given.like_aws)
    last = [time.monotonic()]

    def changed() -> None:
        last[0] = time.monotonic()
        if given.state_file:
            save(double, given.state_file)

    with double:
        if before is not None:
            before.restore(double)
        double.changed = changed
        changed()
        port = int(double.url.rsplit(":", 1)[1])
        told = {"endpoint": double.url, "port": port, "token": double.token, "pid": os.getpid()}
        print(json.dumps(told), flush=True)  # noqa: T201
        if given.until_eof:
            threading.Thread(target=_until_eof, args=(over,), daemon=True).start()
        while not over.wait(1.0 if given.idle else 3600.0):
            if given.idle and time.monotonic() - last[0] > given.idle:
                break
    return 0


def _start(wanted: int, last: int, slow: bool) -> Double:
    return Double(timing=like_aws() if slow else None, port=wanted or (last if _free(last) else 0))


def _free(port: int) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as probe:
        return port > 0 and probe.connect_ex(("127.0.0.1", port)) != 0


def _until_eof(over: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    over.set()


if __name__ == "__main__":
    raise SystemExit(main())
