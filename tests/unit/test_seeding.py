import numpy as np
import torch

from ntkcpl.seeding import numpy_generator, seed_of, torch_generator


def test_equal_identities_give_equal_streams():
    first, second = (numpy_generator("digits", "random", 0, 1).random(5) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    first, second = (torch.rand(5, generator=torch_generator("digits", 0)) for _ in range(2))
    assert torch.equal(first, second)


def test_identities_are_told_apart():
    identities = [("a", "b"), ("ab",), ("a", "b", ""), (1,), ("1",), (1, 1), (11,), ("a", 1), ()]
    assert len({seed_of(*identity) for identity in identities}) == len(identities)


def test_the_seed_is_the_same_on_every_machine():
    assert seed_of("digits", "random", 0, 1) == 0x5DAAB3798806F13D
