"""Compiled loops over arrays; they know numpy and numba only."""
