"""Who may do what in the web pages, as a table: made from the rules in `expected`, run in full by
`tests/integration/test_privileges*.py`.
"""
