"""A stand-in for WHM below one root folder: `whmapi1`, cpsrvd, AppConfig, the CGI environment.

`install.install(root)` lays it out, `python -m tests.sandbox.whm.cpsrvd --root ROOT` serves it. Behaviour
follows cPanel's public documentation (api.docs.cpanel.net, docs.cpanel.net) and, where marked so, observation
of releases 116 to 138. The switches that make it misbehave are listed in `faults`. Standard library only.
"""
