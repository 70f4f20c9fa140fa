"""The head in NumPy against torch's."""

import numpy as np

from ntkcpl.classifier import ClassifierSettings, train_classifier
from ntkcpl.head import Head


def test_equals_the_trained_classifier(features):
    rows = np.arange(20)
    recipe = ClassifierSettings(hidden_width=16, epochs=20)
    classifier = train_classifier(features, rows, recipe, ("test", "random", 0, 1))
    head = Head.from_state(classifier.state)
    hidden = head.hidden(features.embedding)
    assert hidden.dtype == np.float32
    np.testing.assert_allclose(hidden, classifier.hidden, atol=2e-3, rtol=2e-3)
    probability = head.probability(features.embedding)
    np.testing.assert_allclose(probability, classifier.probability, atol=2e-3)
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(probability.argmax(1), head.logits(hidden).argmax(1))


def test_float16_embeddings_and_large_logits(features):
    recipe = ClassifierSettings(hidden_width=8, epochs=2)
    classifier = train_classifier(features, np.arange(9), recipe, ("test", "random", 0, 1))
    head = Head.from_state(classifier.state)
    assert head.probability((1e3 * features.embedding).astype(np.float16)).dtype == np.float32
    assert np.isfinite(head.probability(1e6 * features.embedding)).all()
