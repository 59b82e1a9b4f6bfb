"""Pure judgement: evidence in, report out. No file, no network, no clock."""
