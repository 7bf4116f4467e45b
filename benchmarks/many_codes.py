"""The Codes page with many codes: from `show_page` to the first picture with codes, and from a typed letter.

`python -m benchmarks.many_codes` prints ratios of 10,000 codes to 100 in the same run, and what a second of
the open page costs. A folder of its own, a sealed vault opened beforehand, Qt into memory.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

FEW, MANY = 100, 10_000


@contextmanager
def page(count: int) -> Iterator[tuple[Any, Any]]:
    """The application and a window over a vault of `count` codes; Home is read."""
    folder = tempfile.mkdtemp(prefix="cg-bench-")
    file = os.path.join(folder, "passphrase")
    with open(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as made:
        made.write("six random words EXAMPLE\n")
    os.environ.update(
        CREDGUARD_HOME=os.path.join(folder, "state"), HOME=folder, CREDGUARD_STORE="sealed",
        CREDGUARD_PASSPHRASE_FILE=file, QT_QPA_PLATFORM="offscreen",
    )  # fmt: skip
    from PySide6.QtWidgets import QApplication

    from credguard.gui.theme import Theme
    from credguard.gui.window import Window
    from credguard.services import Services
    from tests.support.many_codes import fill

    app = QApplication.instance() or QApplication([])
    if app.findChild(Theme) is None:
        Theme(app, "light")
    services = Services(environ=os.environ)
    fill(services, count)
    window = Window(services)
    window.show()
    until(app, lambda: bool(window._pages) and not window.tasks.busy)
    window.setProperty("home", os.environ["CREDGUARD_HOME"])
    try:
        yield app, window
    finally:
        at_home(window)
        window.tasks.wait()
        window.close()
        services.close()
        shutil.rmtree(folder, ignore_errors=True)


def at_home(window: Any) -> None:
    """What is opened from now on is of this window's folder."""
    os.environ["CREDGUARD_HOME"] = window.property("home")


def until(app: Any, met: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not met():
        app.processEvents()
        time.sleep(0.001)  # a loop that never rests would keep the reading thread from its work
        if time.monotonic() > end:
            raise SystemExit("what is measured did not happen")


def shown(window: Any) -> float:
    """Seconds from the click on Codes to the picture that has codes in it."""
    app = _app()
    window.show_page("home")
    until(app, lambda: not window.tasks.busy)
    old = window._pages.pop("codes", None)
    if old is not None:
        window._stack.removeWidget(old)
        old.deleteLater()
        app.processEvents()
    start = time.perf_counter()
    window.show_page("codes")
    codes = window._pages["codes"]
    until(app, lambda: bool(codes.shown()) and all(card.now for card in codes.shown()))
    window.repaint()
    return time.perf_counter() - start


def again(window: Any) -> float:
    """Seconds from the click on Codes to their picture, where the page was seen before."""
    window.show_page("home")
    until(_app(), lambda: not window.tasks.busy)
    start = time.perf_counter()
    window.show_page("codes")
    window.repaint()
    taken = time.perf_counter() - start
    until(_app(), lambda: not window.tasks.busy)
    return taken


def letter(window: Any) -> float:
    """Seconds from a letter to the picture of what it found."""
    codes = window._pages["codes"]
    codes.field.edit.clear()
    window.repaint()
    start = time.perf_counter()
    codes.field.edit.setText("9")
    window.repaint()
    return time.perf_counter() - start


def second(window: Any, count: int = 20) -> float:
    """Seconds of work that one second of the open page takes."""
    app, codes = _app(), window._pages["codes"]
    codes.field.edit.clear()
    until(app, lambda: all(card.now for card in codes.shown()))
    spent = time.process_time()
    end = time.monotonic() + count
    while time.monotonic() < end:
        app.processEvents()
        time.sleep(0.05)
    idle = time.process_time()
    return (idle - spent) / count


def _app() -> Any:
    from PySide6.QtWidgets import QApplication

    return QApplication.instance()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    with page(FEW) as (_, few), page(MANY) as (_, many):
        for name, measure in (
            ("page shown for the first time", shown), ("page shown again", again), ("a letter typed", letter),
        ):  # fmt: skip
            pairs = []
            for _ in range(runs + 1):
                at_home(many)
                first = measure(many)
                at_home(few)
                pairs.append((first, measure(few)))
            del pairs[0]
            ratios = sorted(a / b for a, b in pairs)
            best = min(a for a, _ in pairs) * 1000, min(b for _, b in pairs) * 1000
            print(
                f"{name}: {MANY:,} of {FEW}: {ratios[0]:.2f} {statistics.median(ratios):.2f} {ratios[-1]:.2f}"
                f" (smallest ms: {best[0]:.0f} of {best[1]:.0f})"
            )
        at_home(many)
        print(f"one second of the open page: {second(many) * 1000:.1f} ms of work, {MANY:,} codes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
