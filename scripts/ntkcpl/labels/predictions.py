"""What the classifier says of all images, beside what people said."""

from collections.abc import Iterator, Sequence

import numpy as np

from ntkcpl.head import Head
from ntkcpl.labels.names import SKIPPED
from ntkcpl.records import Features, Taken

KIND = "predictions"
COLUMNS = ("id", "class", "probability", "margin", "label", "round")


def predictions(
    features: Features, head: Head, classes: Sequence[str], rounds: Sequence[Taken]
) -> Iterator[tuple[str, ...]]:
    """Yield a row of texts, as `COLUMNS` names them, for each image of the pool.

    These are the likeliest class, its probability, by how much that is above the next one's, what
    people said (a class, `SKIPPED` or nothing), and from which round on that counts.

    Parameters
    ----------
    features
        The images.
    head
        Of the classifier; its outputs are `classes`.
    classes
        Their names.
    rounds
        What people said, from the first round on.
    """
    said = {
        image: (SKIPPED if label is None else label, str(number))
        for number, taken in enumerate(rounds, start=1)
        for image, label in taken.answers.items()
    }
    probability = head.probability(features.embedding)
    ordered = np.sort(probability, axis=1)
    margin = ordered[:, -1] - ordered[:, -2]
    for image, p, m in zip(features.id, probability, margin, strict=True):
        answer = said.get(image, ("", ""))
        yield (image, classes[p.argmax()], f"{p.max():.4f}", f"{m:.4f}", *answer)
