"""`python3 -m tests.sandbox.visit SERVER --source IP`: visit a mail server the way MXToolbox does.

Prints the report in MXToolbox's words. It is the ground truth that predictions are compared with, so it
shares no code with the product. What MXToolbox does: docs/facts/testers.md A.1 to A.3; where that page is
silent, the choice made here is marked (chosen).

Conversation. TCP connect from the source address; wait for the complete greeting; EHLO, MAIL FROM, RCPT TO;
QUIT (its reply is awaited, not printed). Each wait, the TCP connect too, has the whole patience. A reply
other than 2xx, the greeting's included, is followed by QUIT (chosen); there is no fall back to HELO, no
STARTTLS, no DATA, no second try. A time-out or a closed connection ends it without QUIT.
The EHLO name is the source's PTR name, `[address]` without one.

Headline.
- the greeting did not come in time: `Timeout waiting for response after 15 seconds. : Completed Connect`;
  a later reply did not come: the same with the last completed step, one of `Connect`, `Banner`, `EHLO`,
  `MAIL FROM` (chosen);
- no TCP connection, closed before a complete greeting, or a greeting other than 2xx: `Failed To Connect`;
- closed by the server later: `Server Disconnected : Completed <step>` (chosen);
- otherwise the greeting's lines, codes included, joined by one space (chosen), also after a refused EHLO,
  MAIL or RCPT.

Rows. Failures first, then warnings, then passes; within a level in this order (chosen):
- SMTP Connect: only with the headline `Failed To Connect`; error, text `Failed To Connect`.
- SMTP Server Disconnected: only with the headline of that name; error, text `Server Disconnected` (chosen).
- SMTP Reverse DNS Resolution: only without a PTR record or when DNS does not answer; error,
  `Reverse DNS Resolution - No PTR Record found`; the next three rows are then absent.
- SMTP Reverse DNS Mismatch: ok `OK - <ip> resolves to <ptr>` when the A (AAAA) records of the PTR name hold
  the address, else warning `Warning - <ptr> does not resolve to <ip>` (text chosen: none was ever seen).
- SMTP Valid Hostname: ok when the PTR name has two or more labels of letters, digits and inner hyphens, the
  last one not all digits; else warning `Reverse DNS is not a valid Hostname`.
- SMTP Banner Check: ok when the PTR name occurs anywhere in the text of a complete greeting (any code, all
  lines, upper and lower case alike), else warning; no complete greeting: warning. The EHLO reply does not
  count.
- SMTP TLS: ok when a 2xx EHLO reply came that has the STARTTLS line, else warning.
- SMTP Connection Time: seconds from the start of the connect to the end of the greeting, whatever its code;
  no complete greeting: `0 seconds`.
- SMTP Open Relay: error `May be an open relay.` when RCPT was answered 2xx; anything else, never tested
  included, is `OK - Not an open relay.`
- SMTP Transaction Time: seconds from the start of the connect to the end of the last reply before QUIT
  (chosen); at a time-out the total so far (earlier replies + patience).
Both times: below `warn` seconds ok `Good`, from `warn` warning `Warning`, from `bad` error `Not good!`; three
decimals; 5 and 8 s are estimates (A.2).

Transcript: `Connecting to <ip>`, empty line, then commands and reply lines, `[nnn ms]` at the end of each
reply's last line; a time-out adds `SendSMTPCommand: Timeout waiting for response after 15 seconds.`, a closed
connection `SendSMTPCommand: Connection closed by the server.` (chosen), no TCP connection `Failed To Connect`
(chosen); then an empty line and `LookupServer <total>ms`, DNS look-ups included. QUIT is not shown.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from typing import Optional

from tests.sandbox import tester_dns
from tests.sandbox.tester_dialogue import converse
from tests.sandbox.tester_report import Limits


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Print one report; exit status 0 whatever it says."""
    parser = argparse.ArgumentParser(prog="visit", description="Visit a mail server the way MXToolbox does.")
    parser.add_argument("server", help="address of the server")
    parser.add_argument("--source", required=True, help="address to come from")
    parser.add_argument("--port", type=int, default=25)
    parser.add_argument("--patience", type=float, default=15.0, help="seconds to wait for each reply (15)")
    parser.add_argument("--warn", type=float, default=5.0, help="seconds from which a time is a warning (5)")
    parser.add_argument("--bad", type=float, default=8.0, help="seconds from which a time is not good (8)")
    parser.add_argument("--ehlo", help="name to greet with (the source's PTR name)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)

    start = time.monotonic()
    ehlo = options.ehlo or tester_dns.name_of(options.source) or f"[{options.source}]"
    dns = tester_dns.look_up(options.server)
    conversation = converse(options.server, options.source, options.port, ehlo, options.patience)
    limits = Limits(options.patience, options.warn, options.bad)
    report = limits.report(options.server, conversation, dns, total=time.monotonic() - start)
    print(json.dumps(report.to_json(), indent=1) if options.json else report.to_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
