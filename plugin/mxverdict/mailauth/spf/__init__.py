"""SPF (RFC 7208) without any I/O: what a record says, and what it says of one address.

DNS answers come from a table. What is not in it is named in the outcome, so that whoever can do look-ups may
fetch it and ask again.
"""
