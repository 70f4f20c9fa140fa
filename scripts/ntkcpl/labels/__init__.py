"""Labels that people give: the page and tasks they get, and the files they bring back.

`docs/labelling.md` shows both sides.
"""
