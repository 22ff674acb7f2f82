"""Scenario files: what may stand in them, how they are read and checked, and those that ship with the package."""
