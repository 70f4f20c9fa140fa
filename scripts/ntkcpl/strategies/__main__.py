"""Print the table of strategies: `make strategies`."""

from typing import get_args

from ntkcpl.strategies import methods, strategy_class
from ntkcpl.strategies.base import Strategy


def table() -> str:
    """Return what each strategy says of itself as a Markdown table, a row a strategy."""
    from tabulate import tabulate

    rows = []
    for method in methods():
        strategy = strategy_class(method)
        about = strategy.about
        row = (method, needs(strategy), about.relevance, about.diversity, about.cost, about.paper)
        rows.append(row)
    names = ("strategy", "needs", "relevance", "diversity", "cost", "paper")
    return tabulate(rows, names, tablefmt="pipe")


def needs(strategy: type[Strategy]) -> str:
    """Return what must be there when the strategy is asked, and for which `feature` if not all."""
    feature = strategy.model_fields.get("feature")
    values = get_args(feature.annotation) if feature else ()
    settings = [{"feature": value} for value in values] or [{}]
    variants = [(one.get("feature", ""), strategy.model_validate(one)) for one in settings]
    found = []
    for what in ("classifier", "clusters"):
        asking = [value for value, one in variants if getattr(one, f"needs_{what}")]
        if asking:
            some = len(asking) < len(variants)
            found.append(f"{what} ({', '.join(asking)})" if some else what)
    return ", ".join(found) or "–"


if __name__ == "__main__":
    print(table())
