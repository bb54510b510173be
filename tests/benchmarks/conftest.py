import sys
from pathlib import Path

# The benchmarks are run from the project's folder and are not installed with it.
sys.path.append(str(Path(__file__).resolve().parents[2]))
