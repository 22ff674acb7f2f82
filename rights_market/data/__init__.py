"""Published facts that the institution needs, as small tables: each row with how well it is known."""
