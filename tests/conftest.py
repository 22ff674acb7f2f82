"""Settings that every test shares."""

from hypothesis import settings

# The first example may compile a kernel, which takes longer than any sensible deadline for an example.
settings.register_profile("project", deadline=None, print_blob=True)
settings.load_profile("project")
