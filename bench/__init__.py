"""Benchmarks: ratios within one run, because only ratios travel from one machine to another."""
