"""The rules of a right: frozen records with their limits, observed numbers in, a decision out."""
