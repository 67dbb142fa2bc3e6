"""Benchmarks: server processor time per operation, and ratios within one run. `make bench` lists and runs them."""
