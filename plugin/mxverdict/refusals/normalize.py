"""The text of a reply made comparable: plain words, with names and addresses replaced by what they are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

TEXT_LIMIT = 2048
"""Characters that are read; `collect.reply_lines` keeps no more of a reply."""

_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"'()\[\]]{1,300}")
_MAILBOX = re.compile(r"<?[^\s<>@\"',;:()\[\]]{1,64}@[a-z0-9._-]{1,255}>?")
_IPV6 = re.compile(
    r"(?<![0-9a-z:.])(?:ipv6:)?(?=[0-9a-f:]{2,45}(?![0-9a-z]))(?:[0-9a-f]{0,4}:){3,8}[0-9a-f]{0,4}"
)
_IPV4 = re.compile(r"(?<![\d.])(?!127\.)\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)")
_HOST = re.compile(r"(?<![a-z0-9._-])[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){1,20}\.?(?![a-z0-9_-])")
_NO_TLD = frozenset((
    "a", "an", "and", "any", "as", "at", "be", "but", "by", "check", "code", "contact", "due", "error",
    "for", "from", "go", "here", "how", "http", "i", "if", "in", "is", "it", "mail", "message", "my", "no",
    "not", "of", "on", "or", "our", "please", "pls", "recipient", "see", "sender", "send", "server", "so",
    "sorry", "the", "there", "this", "to", "try", "unable", "use", "visit", "we", "when", "with", "you",
    "your",
))  # fmt: skip
"""Words that begin a sentence after a full stop without a blank."""
_EXCHANGE = frozenset(("resolver", "storedrv", "smtpsend", "routing", "transport", "agent"))
"""How the names of Exchange's components begin, which have full stops in them."""
_APART = re.compile(r"[^a-z0-9]+")
_REPEATED = re.compile(r"^[245]\.\d{1,3}\.\d{1,3}[ :]", re.MULTILINE)
"""The status code at the start of each line of a reply."""
_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")


@dataclass(frozen=True)
class NormalizedReply:
    """`text` holds the words of a reply, in lower case and without accents, with one blank before and after
    each; `ip`, `addr` and `host` stand for each address, mailbox and host name (but a blocklist's). `links`
    are the words of its links, `enhanced` is the status code (RFC 3463) without its first number: `7.25` for
    `5.7.25`, "" for none."""

    text: str
    links: str
    enhanced: str


def normalized_reply(text: str, names: Collection[str] = ()) -> NormalizedReply:
    """Read at most TEXT_LIMIT characters of a reply's text; `names` are domains that stay as words."""
    read = text[:TEXT_LIMIT]
    if not read.isascii():
        folded = unicodedata.normalize("NFKD", read.replace("ß", "ss").replace("’", "'"))
        read = "".join(one for one in folded if not unicodedata.combining(one))[:TEXT_LIMIT]
    read = read.lower()
    found = _ENHANCED.search(read)
    links: list[str] = []

    def link(match: re.Match[str]) -> str:
        links.append(match[0])
        return " link "

    def host(match: re.Match[str]) -> str:
        labels = match[0].rstrip(".").split(".")
        if labels[-1].isdigit() or labels[-1] in _NO_TLD or labels[0] in _EXCHANGE:
            return match[0]
        return match[0] if ".".join(labels[-2:]) in names else " host "

    read = _LINK.sub(link, _REPEATED.sub("", read))
    read = _MAILBOX.sub(" addr ", read)
    read = _IPV4.sub(" ip ", _IPV6.sub(" ip ", read))
    read = _HOST.sub(host, read)
    return NormalizedReply(_plain(read), _plain(" ".join(links)), f"{found[2]}.{found[3]}" if found else "")


def _plain(text: str) -> str:
    return f" {_APART.sub(' ', text.replace(chr(39), '').replace('`', '')).strip()} "
