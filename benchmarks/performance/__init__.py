"""Speed beside the tools one would take instead: ``python -m benchmarks.performance --help``."""
