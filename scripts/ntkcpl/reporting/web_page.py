"""Markdown as a page for a browser, in one file."""

import base64
import html
import re
from pathlib import Path

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid #e2e2e2; white-space: nowrap; }
th { border-bottom-color: #999; } code { background: #f1f1f1; padding: 0 .2em; }
img { display: block; max-width: 100%; height: auto; }
img[alt^="Accuracy"] { max-width: 30rem; } /* drawn for print, in more pixels than a screen has */
"""
FIGURE = re.compile(r'(?P<before><img [^>]*src=")(?P<path>[^"]+)')


def web_page(markdown: str, title: str, folder: Path) -> str:
    """Return a page that loads nothing, from Markdown in which no name is markup.

    Parameters
    ----------
    markdown
        What stands on it. Its figures, PNGs, are put into the page.
    title
        Of the page.
    folder
        To which the paths of the figures are relative.
    """
    from markdown import markdown as convert

    def embedded(figure: re.Match[str]) -> str:
        content = base64.b64encode((folder / figure["path"]).read_bytes()).decode()
        return f"{figure['before']}data:image/png;base64,{content}"

    # Whatever slips through cannot load or run anything.
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"{FIGURE.sub(embedded, convert(markdown, extensions=['tables']))}\n</body>\n</html>\n"
    )
