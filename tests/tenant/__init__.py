"""A hosting customer with a shell as the attacker: a uid of its own, processes, links and FIFOs."""
