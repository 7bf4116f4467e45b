"""The only door to other threads: work goes to a pool, results come back as signals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from credguard.domain.errors import CredGuardError
from credguard.domain.text import text


class Task(QObject):
    """One piece of work: `done` with its result, `failed` with a CredGuardError, `told` on the way."""

    done = Signal(object)
    failed = Signal(object)
    told = Signal(object)


def _if_there(call: Callable[[Any], None]) -> Callable[[Any], None]:
    """`call`, unless the page or dialog that waited for it is gone meanwhile: closed, or locked away."""

    def answered(value: Any) -> None:
        try:
            call(value)
        except RuntimeError as error:
            if "already deleted" not in str(error):
                raise

    return answered


class _Work(QRunnable):
    def __init__(self, task: Task, call: Callable[[Callable[[Any], None]], Any]) -> None:
        super().__init__()
        self._task, self._call = task, call

    def run(self) -> None:
        try:
            result = self._call(self._task.told.emit)
        except CredGuardError as error:
            self._task.failed.emit(error)
        except Exception as error:  # a defect must not end as a window that waits for ever
            self._task.failed.emit(
                CredGuardError(
                    "internal",
                    text("Something went wrong inside CredGuard ({kind}).", kind=type(error).__name__),
                    text("Nothing is lost: what was begun is noted and can be resumed."),
                )
            )
        else:
            self._task.done.emit(result)


class Tasks(QObject):
    """Runs work in order: one thread, so that what touches one key is never at work twice.

    `idle` when the last of it has ended.
    """

    idle = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._quick = QThreadPool(self)
        self._quick.setMaxThreadCount(2)
        self._running: set[Task] = set()

    def run(
        self,
        call: Callable[[Callable[[Any], None]], Any],
        done: Callable[[Any], None] | None = None,
        failed: Callable[[CredGuardError], None] | None = None,
        told: Callable[[Any], None] | None = None,
        quick: bool = False,
    ) -> Task:
        """Do `call(tell)` elsewhere. `quick` for reading, which need not wait behind a rotation."""
        task = Task(self)
        self._running.add(task)
        if done is not None:
            task.done.connect(_if_there(done))
        if failed is not None:
            task.failed.connect(_if_there(failed))
        if told is not None:
            task.told.connect(_if_there(told))
        task.done.connect(lambda _: self._end(task))
        task.failed.connect(lambda _: self._end(task))
        (self._quick if quick else self._pool).start(_Work(task, call))
        return task

    def _end(self, task: Task) -> None:
        self._running.discard(task)
        task.deleteLater()
        if not self._running:
            self.idle.emit()

    @property
    def busy(self) -> bool:
        return bool(self._running)

    def wait(self) -> None:
        """For the end of the program and for tests."""
        self._pool.waitForDone()
        self._quick.waitForDone()
