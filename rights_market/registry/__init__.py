"""The registry: who owns what, what is owed, and the journal of every movement."""
