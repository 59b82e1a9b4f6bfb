"""The catalogue of texts (GNU gettext): `python -m tests.catalogue` keeps it."""
