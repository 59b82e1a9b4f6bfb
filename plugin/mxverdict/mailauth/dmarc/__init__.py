"""DMARC (RFC 9989, which replaced RFC 7489 in May 2026): the record, and which one applies to a domain."""
