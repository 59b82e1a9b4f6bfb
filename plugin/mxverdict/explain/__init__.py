"""A tester's report, pasted: what it says, and what of it is true. Pure: no file, no network, no clock."""
