"""The HTML of cpsrvd itself: login form, start page with the plugin menu, root's pages, error page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from tests.sandbox.whm.appconfig import App


def login(message: str = "", goto: str = "") -> str:
    notice = f'<p class="notice">{escape(message)}</p>' if message else ""
    return _page(
        "WHM Login",
        f"""<main><form class="login" method="post" action="/login/">
<h1>WHM</h1>
{notice}
<input type="hidden" name="goto_uri" value="{escape(goto)}">
<label>Username <input name="user" autofocus autocomplete="username"></label>
<label>Password <input name="pass" type="password" autocomplete="current-password"></label>
<button>Log in</button>
</form></main>""",
    )


def start(user: str, security_token: str, apps: Iterable[App], links: Mapping[str, str]) -> str:
    """`links`: names of WHM's own pages, by path."""
    entries = "\n".join(_entry(security_token, app) for app in apps if app.entryurl and app.displayname)
    own = "\n".join(
        f'<li><a href="{security_token}{escape(path)}">{escape(name)}</a></li>'
        for path, name in links.items()
    )
    return inside(
        "Home",
        user,
        security_token,
        f"""<h2>Plugins</h2>
<ul class="plugins">
{entries or "<li>No plugins.</li>"}
</ul>
{f"<h2>Resellers</h2><ul>{own}</ul>" if own else ""}""",
    )


def inside(title: str, user: str, security_token: str, content: str) -> str:
    """A page behind the login."""
    return _page(
        f"WHM - {title}",
        f"""<header class="whm-top"><a class="brand" href="{security_token}/">WHM</a>
<span>{escape(user)} · <a href="{security_token}/logout/">Log Out</a></span></header>
<main class="whm-main"><h1>{escape(title)}</h1>
{content}
</main>""",
    )


def error(status: int, message: str) -> str:
    return _page(f"HTTP error {status}", f'<main class="whm-main"><h1>{escape(message)}</h1></main>')


def _entry(security_token: str, app: App) -> str:
    icon = f'<img src="{security_token}/addon_plugins/{escape(app.icon)}" alt="" width="48" height="48">'
    link = f"{security_token}/cgi/{app.entryurl}"
    return (
        f'<li><a href="{escape(link)}" target="{escape(app.target)}">{icon if app.icon else ""}'
        f"<span>{escape(app.displayname)}</span></a></li>"
    )


def _page(title: str, body: str) -> str:
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/styles/whm.css"></head>
<body>
{body}
</body></html>
"""
