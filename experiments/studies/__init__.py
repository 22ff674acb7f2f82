"""Questions asked of the simulator: a run, and the least-cost yardstick beside it."""
