"""The rules: what findings are about, each with an identifier that never changes.

An identifier is made of dotted nouns. It depends neither on the tester that prints the row nor on language or
wording; docs/finding-ids.md lists all of them.
"""

from __future__ import annotations

from typing import NamedTuple

from mxverdict.i18n.catalog import N_


class Rule(NamedTuple):
    """`title` and `checks` are for `gettext`, `source` names what the rule follows."""

    title: str
    checks: str
    source: str


RULES: dict[str, Rule] = {
    "bimi.record": Rule(
        N_("BIMI record"),
        N_("The domain publishes a logo for mail programs that show one; mail is delivered without it."),
        "draft-brand-indicators-for-message-identification",
    ),
    "blocklist.answer": Rule(
        N_("Answers of blocklists"), N_("Each blocklist answers the lookup."), "RFC 5782 section 2.1"
    ),
    "blocklist.controls": Rule(
        N_("Blocklists in working order"),
        N_("Each blocklist holds the test entry that every list must hold, and lacks the one none may hold."),
        "RFC 5782 section 5",
    ),
    "blocklist.coverage": Rule(
        N_("Addresses that blocklists know"),
        N_("The addresses are public ones, which blocklists can list."),
        "RFC 5782 section 2.1; RFC 6890",
    ),
    "blocklist.listed": Rule(
        N_("Blocklist entry"),
        N_("The address is not listed by a blocklist that is in working order."),
        "RFC 5782 sections 2.1 and 5",
    ),
    "blocklist.resolver": Rule(
        N_("Resolver for blocklists"),
        N_("The blocklists answer the DNS resolver that this server uses."),
        'Spamhaus documentation, "DNSBL return codes" (127.255.255.0/24)',
    ),
    "dmarc.count": Rule(
        N_("Number of DMARC records"), N_("The domain publishes one DMARC record."), "RFC 9989 section 4.10"
    ),
    "dmarc.policy": Rule(
        N_("DMARC policy"),
        N_("The record asks receivers to quarantine or reject mail that fails DMARC."),
        "RFC 9989 section 4.7; docs/facts/mail-auth.md 1",
    ),
    "dmarc.record": Rule(
        N_("DMARC record"),
        N_("The domain or its organizational domain publishes a DMARC record."),
        "RFC 9989 section 4.10.1; docs/facts/mail-auth.md 1 and 3",
    ),
    "dmarc.reports": Rule(
        N_("DMARC report destinations"),
        N_("Other domains that are to receive the reports agree to it."),
        "RFC 9990 section 4",
    ),
    "dmarc.syntax": Rule(
        N_("DMARC syntax"),
        N_("The DMARC record can be parsed, and its report destinations are valid."),
        "RFC 9989 section 4.8; docs/facts/mail-auth.md 1",
    ),
    "dns.delegation": Rule(
        N_("Parent and zone list the same name servers"),
        N_("The parent zone's list of name servers equals the zone's own."),
        "RFC 1034 section 4.2.2",
    ),
    "dns.glue": Rule(
        N_("Glue records"),
        N_("The addresses that the parent zone gives for name servers are their real ones."),
        "RFC 1912 section 2.3",
    ),
    "dns.ns.address": Rule(
        N_("Public addresses of name servers"), N_("All name servers have public IP addresses."), "RFC 6890"
    ),
    "dns.ns.authority": Rule(
        N_("Authoritative name servers"),
        N_("Every name server that answers holds the zone."),
        "RFC 1912 section 2.8",
    ),
    "dns.ns.count": Rule(
        N_("Number of name servers"),
        N_("The zone has at least two name servers."),
        "RFC 1034 section 4.1; RFC 2182 section 5",
    ),
    "dns.ns.recursion": Rule(
        N_("Open recursion"),
        N_("No name server of the zone resolves foreign names for strangers."),
        "RFC 5358",
    ),
    "dns.ns.response": Rule(
        N_("Responding name servers"),
        N_("Every name server answers at each of its addresses."),
        "RFC 2182 section 4",
    ),
    "dns.ns.subnet": Rule(
        N_("Networks of name servers"),
        N_("The name servers are in different networks."),
        "RFC 2182 section 3.1",
    ),
    "dns.ns.timeout": Rule(
        N_("Name servers reachable"),
        N_("At least one name server of the zone answers in time."),
        "RFC 1034 section 4.1",
    ),
    "dns.ns.transfer": Rule(
        N_("Open zone transfer"),
        N_("No name server hands the whole zone to strangers (AXFR)."),
        "RFC 5936 section 5",
    ),
    "dns.ns.zone": Rule(
        N_("Name servers with the zone"),
        N_("At least one of the name servers that answer holds the zone."),
        "RFC 1912 section 2.8",
    ),
    "dns.soa.expire": Rule(
        N_("SOA expire"),
        N_("The SOA's expire value is in the usual range."),
        "RFC 1035 section 3.3.13; RFC 1912 section 2.2",
    ),
    "dns.soa.minimum": Rule(
        N_("SOA minimum"),
        N_("The time for which resolvers cache that a name does not exist is in the usual range."),
        "RFC 2308 section 4; RFC 1912 section 2.2",
    ),
    "dns.soa.primary": Rule(
        N_("SOA primary name server"),
        N_("The primary name server in the SOA is one of those that the parent zone lists."),
        "RFC 1035 section 3.3.13; RFC 1912 section 2.2",
    ),
    "dns.soa.refresh": Rule(
        N_("SOA refresh"),
        N_("The SOA's refresh value is in the usual range."),
        "RFC 1035 section 3.3.13; RFC 1912 section 2.2",
    ),
    "dns.soa.retry": Rule(
        N_("SOA retry"),
        N_("The SOA's retry value is in the usual range."),
        "RFC 1035 section 3.3.13; RFC 1912 section 2.2",
    ),
    "dns.soa.serial": Rule(
        N_("Same SOA serial everywhere"),
        N_("All name servers hold the same version of the zone."),
        "RFC 1982; RFC 1912 section 2.2",
    ),
    "dns.soa.serial.format": Rule(
        N_("Format of the SOA serial"),
        N_("The serial reads as a date that has come (YYYYMMDDnn)."),
        "RFC 1912 section 2.2; RFC 1982",
    ),
    "dns.zone": Rule(
        N_("Zone in the DNS"),
        N_("The domain is delegated, and its name servers can be found."),
        "RFC 1034 section 4.2",
    ),
    "log.delay.effect": Rule(
        N_("Effect of the SMTP delay"),
        N_("How many connections left during the delay, and who delivered later, by Exim's log."),
        "docs/facts/whm.md 1.2 and 10",
    ),
    "log.delay.latency": Rule(
        N_("Late mail of large senders"),
        N_("No address of a large sender delivered hours after it had left during the delay."),
        "docs/facts/whm.md 1.2 and 10",
    ),
    "log.delay.losses": Rule(
        N_("Lost mail of large senders"),
        N_("No address of a large sender gives up during the delay every time."),
        "docs/facts/whm.md 1.2 and 10",
    ),
    "log.delay.slots": Rule(
        N_("Connections that the delay holds"),
        N_("Exim does not refuse connections, nor nearly so, because delayed ones hold its slots."),
        'Exim specification, chapter "Main configuration", smtp_accept_max; docs/facts/whm.md 1.2',
    ),
    "log.sender.deferral": Rule(
        N_("Senders deferred again and again"),
        N_("Sender verification does not defer the same sender again and again."),
        'Exim specification, chapter "Access control lists", address verification and callouts',
    ),
    "log.sender.lookup": Rule(
        N_("Sender domains without an answer in the DNS"),
        N_("The domains of senders can be looked up."),
        'Exim specification, chapter "Access control lists", address verification and callouts',
    ),
    "log.sender.loop": Rule(
        N_("Sender domains whose MX is this server"),
        N_("No refused sender's domain has this server as its MX without being known here."),
        'Exim specification, chapter "Access control lists", address verification and callouts',
    ),
    "log.sender.rejection": Rule(
        N_("Senders refused at times"),
        N_("No sender whose mail is accepted at other times is refused by sender verification."),
        'Exim specification, chapter "Access control lists", address verification and callouts',
    ),
    "log.sender.verification": Rule(
        N_("Sender verification"),
        N_("Sender verification keeps out no mail that seems to be wanted, by Exim's log."),
        'Exim specification, chapter "Access control lists", address verification and callouts',
    ),
    "mx.address.count": Rule(
        N_("Addresses of a mail server (MX)"),
        N_("Whether a mail server has several addresses, each of which has to answer."),
        "RFC 5321 section 5.1",
    ),
    "mx.address.coverage": Rule(
        N_("Addresses left out"),
        N_("All addresses of the domain's mail servers were checked."),
        "RFC 5321 section 5.1",
    ),
    "mx.address.scope": Rule(
        N_("Public addresses of mail servers"),
        N_("The mail servers' addresses can be reached from the Internet."),
        "RFC 6890",
    ),
    "mx.address.sharing": Rule(
        N_("Mail servers with the same address"),
        N_("Each MX leads to another machine."),
        "RFC 5321 section 5.1",
    ),
    "mx.host.acceptance": Rule(
        N_("Mail server accepts the domain"),
        N_("The mail server accepts mail for postmaster of the domain."),
        "RFC 5321 section 4.5.1",
    ),
    "mx.host.answer": Rule(
        N_("Mail server answers"),
        N_("The mail server accepts connections to port 25 and speaks SMTP."),
        "RFC 5321 sections 3.1 and 5.1",
    ),
    "mx.host.relay": Rule(
        N_("Mail server relays"),
        N_("The mail server refuses recipients that are not its own."),
        "RFC 2505 section 2.1",
    ),
    "mx.name.address": Rule(
        N_("MX name has an address"),
        N_("The name in the MX record has an address record."),
        "RFC 5321 section 5.1",
    ),
    "mx.name.alias": Rule(
        N_("MX name is an alias"),
        N_("The name in the MX record is not an alias (CNAME)."),
        "RFC 2181 section 10.3",
    ),
    "mx.name.duplicate": Rule(
        N_("MX listed twice"), N_("No name is in two MX records."), "RFC 5321 section 5.1"
    ),
    "mx.name.literal": Rule(
        N_("Address in place of an MX name"),
        N_("The MX record holds a name, not an address."),
        "RFC 1035 section 3.3.9",
    ),
    "mx.name.syntax": Rule(
        N_("Syntax of the MX name"),
        N_("The name in the MX record is a valid host name."),
        "RFC 1123 section 2.1",
    ),
    "mx.null": Rule(
        N_("Null MX"),
        N_("A null MX, which says that the domain takes no mail, is the only MX record."),
        "RFC 7505 section 3",
    ),
    "mx.preference": Rule(
        N_("MX preference"),
        N_("This server shares its MX preference with no other machine."),
        "RFC 5321 section 5.1",
    ),
    "mx.record": Rule(
        N_("MX record"),
        N_("The domain has MX records, or an address that takes their place."),
        "RFC 5321 section 5.1",
    ),
    "mx.route": Rule(
        N_("Mail route"), N_("At least one mail server of the domain has an address."), "RFC 5321 section 5.1"
    ),
    "mx.routing": Rule(
        N_("Email Routing in cPanel"),
        N_("cPanel's Email Routing of the domain (local, backup, remote) fits its MX records."),
        'cPanel documentation, "Email Routing"',
    ),
    "mx.server": Rule(
        N_("This server among the mail servers"),
        N_("This server is a mail server of the domain."),
        'RFC 5321 section 5.1; cPanel documentation, "Email Routing"',
    ),
    "outbound.callback": Rule(
        N_("Callback"),
        N_("A mail server of the sender's domain confirms the sender's address in time."),
        'Exim specification, chapter "Access control lists", callout verification',
    ),
    "outbound.delivery": Rule(
        N_("Outgoing mail"),
        N_("A mail server of the recipient's domain accepts mail from this server."),
        "RFC 5321 section 5.1",
    ),
    "outbound.host": Rule(
        N_("Mail server of the recipient"),
        N_("The mail server accepts the recipient from this server."),
        "RFC 5321 sections 3.3 and 5.1; docs/facts/mail-auth.md 4",
    ),
    "outbound.host.address": Rule(
        N_("Address of the recipient's mail server"),
        N_("Each mail server of the recipient's domain has an address."),
        "RFC 5321 section 5.1",
    ),
    "outbound.message": Rule(
        N_("Test message"),
        N_("A mail server of the recipient's domain accepts a test message."),
        "RFC 5321 section 3.3",
    ),
    "outbound.port25": Rule(
        N_("Outgoing port 25"),
        N_("Well-known receivers can be reached on port 25 from each address that this server sends from."),
        "RFC 5321 section 4.5.4.2",
    ),
    "outbound.receiver": Rule(
        N_("Well-known receiver"),
        N_("No large receiver refuses this server's address at once."),
        "docs/facts/mail-auth.md 3 and 4",
    ),
    "outbound.tls": Rule(
        N_("TLS of the recipient's mail server"),
        N_("STARTTLS works at the recipient's mail server, and its certificate is trusted."),
        "RFC 3207 section 4; RFC 8461 section 4.2",
    ),
    "outgoing.address": Rule(
        N_("Source address of outgoing mail"),
        N_("Exim sends mail of the domains from an address that this server has."),
        'cPanel documentation, "How to Configure the Exim Outgoing IP Address"',
    ),
    "outgoing.helo": Rule(
        N_("HELO name of outgoing mail"),
        N_("The HELO name is a full host name that resolves to the address the mail comes from."),
        "RFC 5321 sections 4.1.1.1 and 4.1.4",
    ),
    "outgoing.persistence": Rule(
        N_("Persistent outgoing settings"),
        N_("cPanel does not overwrite the lines in /etc/mailips and /etc/mailhelo."),
        'cPanel documentation, "How to Configure the Exim Outgoing IP Address"',
    ),
    "outgoing.ptr": Rule(
        N_("PTR of the sending address"),
        N_("The address that mail comes from has one PTR, which resolves back to it and is the HELO name."),
        "RFC 8601 section 3; RFC 1912 section 2.1; docs/facts/mail-auth.md 3",
    ),
    "ptr.forward": Rule(
        N_("Forward-confirmed reverse DNS"),
        N_("The PTR's name resolves back to the address (FCrDNS)."),
        "RFC 1912 section 2.1; RFC 8601 section 3",
    ),
    "ptr.hostname": Rule(
        N_("PTR is a host name"), N_("The PTR is a full, valid host name."), "RFC 1123 section 2.1"
    ),
    "ptr.record": Rule(
        N_("PTR record"), N_("The server's address has a PTR record."), "RFC 1912 section 2.1"
    ),
    "server.addresses": Rule(
        N_("Addresses of the server"),
        N_("WHM lists the addresses of this server."),
        "WHM API 1, listips; docs/facts/whm.md 6",
    ),
    "server.greylisting": Rule(
        N_("Greylisting"),
        N_("WHM says whether greylisting is on."),
        "WHM API 1, cpgreylist_status; docs/facts/whm.md 5",
    ),
    "server.hostname": Rule(
        N_("Host name of the server"),
        N_("WHM gives the host name of this server."),
        "WHM API 1, gethostname; docs/facts/whm.md 6",
    ),
    "smtp.banner": Rule(
        N_("PTR in the SMTP banner"),
        N_("The PTR's name is in the SMTP banner."),
        "RFC 5321 section 4.2; docs/facts/testers.md A.1",
    ),
    "smtp.banner.name": Rule(
        N_("Name in the banner"),
        N_("The banner begins with the PTR's name, which resolves back to the address."),
        "RFC 5321 section 4.2; RFC 1912 section 2.1",
    ),
    "smtp.connect": Rule(
        N_("SMTP connection"),
        N_("Exim accepts the connection and greets the client."),
        "RFC 5321 section 3.1",
    ),
    "smtp.connection.time": Rule(
        N_("SMTP connection time"),
        N_("The greeting comes fast enough for the tester."),
        "RFC 5321 section 4.5.3.2.1; docs/facts/testers.md A.2",
    ),
    "smtp.delay.cost": Rule(
        N_("Cost of the delay"),
        N_("No known sender gives up before the delay for unknown hosts ends."),
        "RFC 5321 section 4.5.3.2.1; docs/facts/whm.md 1.2",
    ),
    "smtp.delay.setting": Rule(
        N_("Delay for unknown hosts"),
        N_("WHM's setting of the delay for unknown hosts agrees with exim.conf."),
        'cPanel documentation, "Exim Configuration Manager"; docs/facts/whm.md 1.1 and 3',
    ),
    "smtp.disconnect": Rule(
        N_("SMTP disconnection"),
        N_("Exim does not end the session before the client does."),
        "RFC 5321 section 3.8",
    ),
    "smtp.greeting": Rule(
        N_("SMTP greeting"), N_("A client gets the greeting before it times out."), "RFC 5321 section 3.1"
    ),
    "smtp.host.resolution": Rule(
        N_("Address of the tested host name"),
        N_("The host name that was given to the tester has an address."),
        "RFC 5321 section 5.1; docs/facts/testers.md A.1",
    ),
    "smtp.ratelimit": Rule(
        N_("Simulated sessions"),
        N_("Simulated sessions (exim -bh) do not count in Exim's rate limits."),
        'Exim specification, chapter "Access control lists", ratelimit; docs/facts/whm.md 1.6',
    ),
    "smtp.relay": Rule(
        N_("Relaying for the tester"),
        N_("Exim refuses a foreign recipient from the tester."),
        "RFC 2505 section 2.1",
    ),
    "smtp.relay.permission": Rule(
        N_("Relay right for a tester"),
        N_("No list that grants relaying holds an address of a tester."),
        "docs/facts/whm.md 2.2",
    ),
    "smtp.relay.variants": Rule(
        N_("Open relay"),
        N_("Exim relays for unknown hosts in no variant of the envelope."),
        "RFC 2505 section 2.1",
    ),
    "smtp.response": Rule(
        N_("SMTP session with itself"),
        N_("This server can hold an SMTP session with itself at each of its addresses."),
        "RFC 5321 section 3.1",
    ),
    "smtp.session": Rule(
        N_("Complete SMTP sessions"),
        N_("Exim does not break off a session because of a fault in its configuration."),
        "RFC 5321 section 3.8; docs/facts/whm.md 2.3",
    ),
    "smtp.simulation": Rule(
        N_("Simulated session"),
        N_("Exim answers a simulated session (exim -bh), so that reports can be predicted."),
        "Exim specification, option -bh; docs/facts/whm.md 1.6",
    ),
    "smtp.starttls": Rule(
        N_("STARTTLS"),
        N_("The server offers STARTTLS, the handshake works, and the certificate is trusted."),
        "RFC 3207 section 4",
    ),
    "smtp.transaction.time": Rule(
        N_("SMTP transaction time"),
        N_("The whole session is fast enough for the tester."),
        "RFC 5321 section 4.5.3.2; docs/facts/testers.md A.2",
    ),
    "spf.all": Rule(
        N_('SPF terms after "all"'),
        N_('No term comes after "all" in the SPF record.'),
        "RFC 7208 section 5.1",
    ),
    "spf.answers": Rule(
        N_("SPF lookups answered"),
        N_("All lookups that the SPF record needs were answered."),
        "RFC 7208 section 2.6.6",
    ),
    "spf.count": Rule(
        N_("Number of SPF records"), N_("The domain publishes one SPF record."), "RFC 7208 section 3.2"
    ),
    "spf.duplicate": Rule(
        N_("SPF include listed twice"),
        N_("The SPF record includes no domain twice."),
        "RFC 7208 section 4.6.4",
    ),
    "spf.length": Rule(
        N_("Length of the SPF record"),
        N_("The strings of the SPF record are not too long."),
        "RFC 7208 sections 3.3 and 3.4",
    ),
    "spf.lookups": Rule(
        N_("SPF lookup limit"),
        N_("The SPF record needs at most ten terms with lookups."),
        "RFC 7208 section 4.6.4",
    ),
    "spf.loop": Rule(
        N_("SPF include loop"),
        N_("No include of the SPF record leads back to its own domain."),
        "RFC 7208 section 4.6.4",
    ),
    "spf.mx": Rule(
        N_('SPF "mx" limit'),
        N_('No "mx" in the SPF record has more than ten hosts.'),
        "RFC 7208 section 4.6.4",
    ),
    "spf.names": Rule(
        N_("Names in the SPF record"),
        N_("Every name in the SPF record exists, and every included domain has an SPF record."),
        "RFC 7208 sections 4.6.4 and 5.2",
    ),
    "spf.ptr": Rule(N_('SPF "ptr"'), N_('The SPF record does not use "ptr".'), "RFC 7208 section 5.5"),
    "spf.record": Rule(N_("SPF record"), N_("The domain publishes an SPF record."), "RFC 7208 section 4.5"),
    "spf.server": Rule(
        N_("SPF for this server"),
        N_("The SPF record allows mail from each address that this server sends from."),
        "RFC 7208 section 2.6",
    ),
    "spf.strangers": Rule(
        N_("SPF for all senders"),
        N_("The SPF record does not allow mail from any address."),
        "RFC 7208 section 5.1",
    ),
    "spf.syntax": Rule(
        N_("SPF syntax"), N_("The SPF record and those it includes can be parsed."), "RFC 7208 section 4.6"
    ),
    "spf.type": Rule(
        N_("SPF record type"),
        N_("The SPF record is published as TXT, and not as the old type 99."),
        "RFC 7208 section 3.1",
    ),
    "spf.void": Rule(
        N_("SPF void lookups"),
        N_("At most two lookups of the SPF record find nothing."),
        "RFC 7208 section 4.6.4",
    ),
}
"""By identifier."""
