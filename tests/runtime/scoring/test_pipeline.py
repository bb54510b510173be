import threading
import time
from collections.abc import Iterator

import pytest

from imdb_runtime.scoring import pipeline
from imdb_runtime.scoring.pipeline import Pipeline

WORKERS = pytest.mark.parametrize("workers", [0, 1, 3])


def numbers(count: int, size: int = 1) -> Iterator[tuple[int, int]]:
    for number in range(count):
        yield number, size


@WORKERS
def test_results_come_in_the_order_of_the_items(workers: int):
    def slower_for_even_numbers(number: int) -> int:
        time.sleep(0.002 * (number % 2 == 0))
        return number * 10

    with Pipeline(numbers(50), slower_for_even_numbers, workers) as results:
        assert list(results) == [number * 10 for number in range(50)]


@WORKERS
def test_no_items_give_no_results(workers: int):
    with Pipeline(numbers(0), str, workers) as results:
        assert list(results) == []


def test_as_many_items_are_worked_on_at_once_as_there_are_workers():
    # Nobody passes the barrier before three are there.
    meeting = threading.Barrier(3, timeout=10)

    def meet(number: int) -> int:
        meeting.wait()
        return number

    with Pipeline(numbers(6), meet, 3) as results:
        assert list(results) == list(range(6))


def test_without_workers_the_asking_thread_works():
    with Pipeline(numbers(3), lambda number: threading.current_thread(), 0) as results:
        assert set(results) == {threading.current_thread()}


@WORKERS
@pytest.mark.parametrize("size", [1, pipeline.MAX_BYTES_AHEAD // 2, 2 * pipeline.MAX_BYTES_AHEAD])
def test_what_is_read_ahead_is_bounded(workers: int, size: int):
    read = 0

    def counted() -> Iterator[tuple[int, int]]:
        nonlocal read
        for number, bytes_held in numbers(100, size):
            read += 1
            yield number, bytes_held

    # One more is at hand, to be added where there is room.
    most = min(2 * workers + 2, max(1, pipeline.MAX_BYTES_AHEAD // size)) + 1
    with Pipeline(counted(), str, workers) as results:
        for given, _ in enumerate(results):
            time.sleep(0.001)
            assert read <= given + most
    assert read == 100


@WORKERS
def test_an_error_in_reading_comes_after_the_results_before_it(workers: int):
    def broken() -> Iterator[tuple[int, int]]:
        yield from numbers(3)
        raise ValueError("line 4 is broken")

    with Pipeline(broken(), str, workers) as results:
        assert [next(results) for _ in range(3)] == ["0", "1", "2"]
        with pytest.raises(ValueError, match="line 4 is broken"):
            next(results)


@WORKERS
def test_an_error_in_work_comes_where_its_result_would(workers: int):
    with Pipeline(numbers(10), lambda number: 6 // (number - 3), workers) as results:
        assert [next(results) for _ in range(3)] == [-2, -3, -6]
        with pytest.raises(ZeroDivisionError):
            next(results)


@WORKERS
def test_leaving_early_ends_the_workers_though_the_reader_waits(workers: int):
    waits = threading.Event()

    def like_a_person_who_says_no_more() -> Iterator[tuple[int, int]]:
        yield 0, 1
        waits.wait(30)

    before = threading.active_count()
    try:
        with Pipeline(like_a_person_who_says_no_more(), str, workers) as results:
            assert next(results) == "0"
        assert threading.active_count() <= before + 1
    finally:
        waits.set()


def test_no_room_for_a_thread_is_no_memory(monkeypatch: pytest.MonkeyPatch):
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(MemoryError), Pipeline(iter([(1, 1)]), str, 1):
        pass
