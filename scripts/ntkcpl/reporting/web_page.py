"""Markdown as a page for a browser."""

import html

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid #e2e2e2; white-space: nowrap; }
th { border-bottom-color: #999; } code { background: #f1f1f1; padding: 0 .2em; }
"""


def web_page(markdown: str, title: str) -> str:
    """Return a page that loads nothing, from Markdown in which no name is markup."""
    from markdown import markdown as convert

    # Whatever slips through cannot load or run anything.
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"{convert(markdown, extensions=['tables'])}\n</body>\n</html>\n"
    )
