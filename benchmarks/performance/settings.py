"""What one run of the benchmark is made with."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.performance.measuring import Rounds

NOTEBOOK_WORDS = 30_000


@dataclass(frozen=True)
class Settings:
    """``work`` is the folder of prepared reviews and models; ``quick`` a run of a minute or two.

    ``lstm`` is the run of a trained LSTM to time in place of the hastily trained one.
    """

    work: Path
    quick: bool = False

    def reviews(self, full: int, quick: int) -> int:
        """How many reviews, by the kind of run."""
        return quick if self.quick else full

    def rounds(self, *, processes: int = 3, passes: int = 6, budget: float = 15.0) -> Rounds:
        """How many rounds, fewer in a quick run."""
        if self.quick:
            return Rounds(processes=1, passes=2, budget=1.0, limit=60.0)
        return Rounds(processes, passes, budget)
