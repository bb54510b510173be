"""Reading, scoring and writing at the same time: work ahead in threads, results in order."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Generic, TypeVar

Content = TypeVar("Content")
Result = TypeVar("Result")

MAX_BYTES_AHEAD = 8 << 20


class Pipeline(Generic[Content, Result]):
    """The results of ``work`` on ``items``, in their order; a context manager.

    A thread reads the ``items``, pairs of a content and the bytes that it holds. As many threads as
    ``workers`` says work on them; where that is 0, the one that asks for the results does. They
    are ahead of it by a few items, which hold at most ``MAX_BYTES_AHEAD`` or are a single one.
    What reading or work raises is raised where the result would have come.

    Leaving the block ends it all: workers finish what they have begun. The reader is not waited
    for, as it may itself be waiting for a person.
    """

    def __init__(
        self,
        items: Iterable[tuple[Content, int]],
        work: Callable[[Content], Result],
        workers: int,
    ) -> None:
        self._items = items
        self._work = work
        self._changed = threading.Condition()
        self._most = 2 * workers + 2
        self._steps: deque[_Step[Content, Result]] = deque()
        self._waiting: deque[_Step[Content, Result]] = deque()
        self._bytes = 0
        self._read_all = self._left = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._workers = [
            threading.Thread(target=self._work_on_items, daemon=True) for _ in range(workers)
        ]

    def __enter__(self) -> Iterator[Result]:
        try:
            for thread in (self._reader, *self._workers):
                thread.start()
        except RuntimeError as error:
            raise MemoryError("no room for another thread") from error
        return self._results()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._changed:
            self._left = True
            self._changed.notify_all()
        for worker in self._workers:
            worker.join()

    def _results(self) -> Iterator[Result]:
        while True:
            with self._changed:
                self._changed.wait_for(self._first_is_ready)
                if not self._steps:
                    return
                step = self._steps[0]
            if not step.done:
                step.run(self._work)
            if step.error is not None:
                raise step.error
            assert step.result is not None
            yield step.result
            with self._changed:
                self._steps.popleft()
                self._bytes -= step.size
                self._changed.notify_all()

    def _first_is_ready(self) -> bool:
        if not self._steps:
            return self._read_all
        return self._steps[0].done or not self._workers

    def _read(self) -> None:
        try:
            for content, size in self._items:
                if not self._add(_Step(content, size)):
                    return
        except BaseException as error:
            self._add(_Step(None, 0, error))
        with self._changed:
            self._read_all = True
            self._changed.notify_all()

    def _add(self, step: "_Step[Content, Result]") -> bool:
        """Wait until there is room for ``step``; False where nobody wants it any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._left or self._has_room(step.size))
            if self._left:
                return False
            self._steps.append(step)
            if not step.done:
                self._waiting.append(step)
            self._bytes += step.size
            self._changed.notify_all()
        return True

    def _has_room(self, size: int) -> bool:
        return not self._steps or (
            len(self._steps) < self._most and self._bytes + size <= MAX_BYTES_AHEAD
        )

    def _work_on_items(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._read_all or self._left)
                if self._left or not self._waiting:
                    return
                step = self._waiting.popleft()
            step.run(self._work)
            with self._changed:
                self._changed.notify_all()


class _Step(Generic[Content, Result]):
    """An item, then its result or what went wrong."""

    def __init__(
        self, content: Content | None, size: int, error: BaseException | None = None
    ) -> None:
        self.content = content
        self.size = size
        self.result: Result | None = None
        self.error = error
        self.done = error is not None

    def run(self, work: Callable[[Content], Result]) -> None:
        assert self.content is not None
        try:
            self.result = work(self.content)
        except Exception as error:
            self.error = error
        # What was worked on is not needed until the result is.
        self.content = None
        self.done = True
