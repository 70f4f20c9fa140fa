"""Digest of the code that a script runs: of its statements, not of how they are written."""

import ast
import hashlib
from collections.abc import Collection
from functools import cache
from pathlib import Path


def digest_code(folder: Path, script: str, *modules: str, without: Collection[str] = ()) -> str:
    """Digest a script and the modules of its folder that it imports, directly or not.

    Comments, formatting and docstrings, those of attributes too, change nothing.

    Parameters
    ----------
    folder
        Where the script is, and what it imports. Libraries from elsewhere are left out.
    script
        Its name, without the suffix.
    modules
        Names of further modules to digest, with what they import: those that are imported by a name
        made at run time.
    without
        Names of modules to leave out, whoever imports them.

    Raises
    ------
    ValueError
        If a module has a relative import.
    """
    waiting, texts = {script, *modules}, {}
    while waiting:
        name = waiting.pop()
        file = _file_of(folder, name)
        if file is None or name in texts or name in without:
            continue
        texts[name], imports = _read(file.read_bytes())
        waiting |= imports | {name.rpartition(".")[0]}
    return hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()


def _file_of(folder: Path, name: str) -> Path | None:
    path = folder.joinpath(*name.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next(filter(Path.is_file, candidates), None) if name else None


@cache
def _read(source: bytes) -> tuple[str, frozenset[str]]:
    """Return a module's statements, and all names that might be modules it imports.

    `ast.unparse`, not `ast.dump`: what that prints changes with nearly every Python, and an upgrade
    would train all encoders anew.
    """
    reader = _Reader()
    return ast.unparse(reader.visit(ast.parse(source))), frozenset(reader.imports)


class _Reader(ast.NodeTransformer):
    """Takes docstrings out of a module and collects its imports."""

    def __init__(self) -> None:
        self.imports: set[str] = set()

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        """Drop a statement that is nothing but a string."""
        value = node.value
        return None if isinstance(value, ast.Constant) and isinstance(value.value, str) else node

    def visit_Import(self, node: ast.Import) -> ast.Import:
        """Collect what is imported."""
        self.imports.update(alias.name for alias in node.names)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom:
        """Collect what is imported from, and what may be a module in it."""
        if node.module is None or node.level:
            raise ValueError(f"line {node.lineno} has a relative import: write the whole name")
        self.imports.update({node.module, *(f"{node.module}.{a.name}" for a in node.names)})
        return node
