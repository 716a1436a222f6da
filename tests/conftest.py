"""What holds for all tests."""

from hypothesis import settings

# How long an example may take is a matter of the machine, and of who else works on it.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
