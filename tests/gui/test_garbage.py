"""Widgets are taken apart on the window's thread, whoever allocates."""

from __future__ import annotations

import gc
import threading
import weakref

from PySide6.QtWidgets import QApplication, QWidget

from credguard.gui.garbage import collect


class _Cycle(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.me = self


def test_another_thread_takes_no_widget_apart(qt: QApplication) -> None:
    ended: list[int] = []
    gc.collect()
    weakref.finalize(_Cycle(), lambda: ended.append(threading.get_ident()))
    kept: list[list[int]] = []

    def allocate() -> None:
        kept.extend([] for _ in range(200_000))

    other = threading.Thread(target=allocate)
    other.start()
    other.join()
    assert ended == []
    collect()
    assert ended == [threading.get_ident()]


def test_nothing_is_collected_while_little_is_due(qt: QApplication) -> None:
    gc.collect()
    made = weakref.ref(_Cycle())
    collect()
    assert made() is not None
    gc.collect()
    assert made() is None
