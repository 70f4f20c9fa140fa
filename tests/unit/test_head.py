"""The head in NumPy against torch's."""

import numpy as np
import torch
from numba.core.config import NUMBA_NUM_THREADS
from threadpoolctl import threadpool_limits
from torch import nn

from ntkcpl.classifier import ClassifierSettings, train_classifier
from ntkcpl.head import Head


def torch_s(classifier, width):
    network = nn.Sequential(
        nn.Linear(6, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, 3)
    ).double()
    state = {name: torch.tensor(value) for name, value in classifier.state.items()}
    network.load_state_dict(state)
    return network.eval()


def test_it_says_what_torch_says(features):
    recipe = ClassifierSettings(hidden_width=16, epochs=20)
    classifier = train_classifier(features, np.arange(20), recipe, ("test", "random", 0, 1))
    network = torch_s(classifier, 16)
    with torch.no_grad():
        x = torch.from_numpy(features.embedding).double()
        units, hidden = network[:2](x).numpy(), network[:3](x).numpy()
        logits, probability = network(x).numpy(), network(x).softmax(dim=1).numpy()
    head = classifier.head
    close = {"rtol": 1e-5, "atol": 1e-6}
    np.testing.assert_allclose(head.units(features.embedding), units, **close)
    np.testing.assert_allclose(head.hidden(features.embedding), hidden, **close)
    np.testing.assert_allclose(head.logits(features.embedding), logits, **close)
    np.testing.assert_allclose(head.probability(features.embedding), probability, **close)
    np.testing.assert_array_equal(head.predicted(features.embedding), probability.argmax(axis=1))
    assert head.n_classes == 3


def test_float16_embeddings_and_large_logits(features):
    recipe = ClassifierSettings(hidden_width=8, epochs=2)
    head = train_classifier(features, np.arange(9), recipe, ("test", "random", 0, 1)).head
    assert np.isfinite(head.probability((1e3 * features.embedding).astype(np.float16))).all()
    assert np.isfinite(head.probability(1e6 * features.embedding)).all()


def test_neither_threads_nor_company_change_a_bit():
    rng = np.random.default_rng(0)
    shapes = ((64, 300), (64,), (10, 64), (10,))
    head = Head(*(rng.normal(size=shape).astype(np.float32) for shape in shapes))
    x = rng.normal(size=(500, 300)).astype(np.float32)
    found = []
    for number in (1, NUMBA_NUM_THREADS):
        with threadpool_limits(number):
            found.append(head.probability(x))
    np.testing.assert_array_equal(*found)
    some = rng.permutation(500)[:37]
    np.testing.assert_array_equal(head.probability(x[some]), found[0][some])
    np.testing.assert_array_equal(head.hidden(x[some]), head.hidden(x)[some])
    np.testing.assert_array_equal(head.probability_of(head.hidden(x)), found[0])
