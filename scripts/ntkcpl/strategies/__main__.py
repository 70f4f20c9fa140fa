"""List the strategies' methods with a line on each: `make strategies`."""

from inspect import getdoc

from ntkcpl.strategies import methods, strategy_class

for method in methods():
    print(f"{method:<16} {(getdoc(strategy_class(method)) or '').splitlines()[0]}")
