"""Benchmarks against peers: `python -m bench`. Ratios are of one run, on one machine, of interleaved rounds."""
