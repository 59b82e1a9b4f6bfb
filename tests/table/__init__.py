"""Judges tables of cases: what each row asks the product, what it expects, and what is given.

One module for each kind of table. Its `cases(path)` reads one: our own tests ask the cases of tests/tables,
`tests/run --table NAME FILE` those of any other (tests/tables/README.md has the formats).
"""
