"""An experiment's rounds by a learner, as a notebook has them."""

from itertools import pairwise

import numpy as np

from ntkcpl.learner import Learner


def rounds(features, name, settings, experiment):
    """Yield a row for each round of a strategy: its accuracies, and what it chose in order."""
    learner = Learner(
        features.embedding,
        settings,
        classifier=experiment["classifier"],
        classes=range(10),
        views=features.views[np.arange(len(features.embedding))],
        experiment="smoke",
        name=name,
    )

    def accuracy(x, label):
        return f"{(learner.predict(x) == label).mean():.4f}"

    for number, (before, budget) in enumerate(pairwise([0, *experiment["budgets"]]), start=1):
        chosen = learner.ask(budget - before)
        learner.tell(chosen, features.label[chosen])
        yield {
            "strategy": name,
            "round": str(number),
            "test": accuracy(features.test_embedding, features.test_label),
            "pool": accuracy(features.embedding, features.label),
            "chosen": " ".join(map(str, chosen)),
        }
