import pytest
import torch

from ntkcpl.encoders import EncoderSettings
from ntkcpl.encoders.encoder import build
from ntkcpl.pretraining import PretrainingSettings
from ntkcpl.pretraining.byol import BYOL
from ntkcpl.pretraining.method import new_optimizer, set_rate
from ntkcpl.pretraining.simsiam import SimSiam

SETTINGS = PretrainingSettings(projection_width=16, prediction_width=8)
ENCODER = EncoderSettings(width=1 / 8)


def test_the_target_is_the_slow_loops_moving_average():
    torch.manual_seed(0)
    settings = PretrainingSettings(target_momentum=0.9)
    method = BYOL(build(ENCODER), settings)
    before = [p.clone() for p in method.target_encoder.parameters()]
    for parameter in method.parameters():
        parameter.data.add_(torch.randn_like(parameter))
    now = [p.clone() for p in method.target_encoder.parameters()]
    assert not torch.equal(before[0], now[0])
    for step, momentum in ((0, 0.9), (5, 0.95), (10, 1.0)):
        method.after_step(step, 11)
        online = method.encoder.parameters()
        now = [momentum * t + (1 - momentum) * o for t, o in zip(now, online, strict=True)]
        for target, expected in zip(method.target_encoder.parameters(), now, strict=True):
            torch.testing.assert_close(target.data, expected.data)


def test_the_losses_are_those_of_the_papers():
    torch.manual_seed(0)
    views = torch.rand(2, 8, 3, 8, 8)
    for kind in (SimSiam, BYOL):
        method = kind(build(ENCODER), SETTINGS).eval()
        z = [method.projection(method.encoder(view)) for view in views]
        if isinstance(method, BYOL):
            targets = [method.target_projection(method.target_encoder(view)) for view in views]
        else:
            targets = z
        p = [method.prediction(value) for value in z]
        cosine = [
            torch.cosine_similarity(p[i], targets[1 - i], dim=1).mean().item() for i in (0, 1)
        ]
        loss, projection = method(*views)
        assert loss.item() == pytest.approx(-sum(cosine) / 2, abs=1e-5)
        assert torch.equal(projection, z[0])
        loss.backward()
        trained = {
            id(p) for part in method.trained() for module in part for p in module.parameters()
        }
        for parameter in method.parameters():
            assert (parameter.grad is not None) == (id(parameter) in trained)


def test_rates_rise_and_fall_and_simsiams_prediction_head_keeps_its_own():
    settings = SETTINGS.model_copy(update={"epochs": 10, "warmup_epochs": 2, "batch_size": 64})
    method = SimSiam(build(ENCODER), settings)
    optimizer = new_optimizer(method, settings)
    base = settings.learning_rate * 64 / 256
    for done, share in ((0.0, 0.0), (0.1, 0.5), (0.2, 1.0), (0.6, 0.5), (1.0, 0.0)):
        set_rate(optimizer, settings, done)
        falling, constant = (group["lr"] for group in optimizer.param_groups)
        assert falling == pytest.approx(base * share) and constant == base


def test_lars_leaves_biases_and_normalisation_alone():
    settings = SETTINGS.model_copy(update={"method": "byol", "optimizer": "lars"})
    method = BYOL(build(ENCODER), settings)
    optimizer = new_optimizer(method, settings)
    names = {id(p): name for name, p in method.named_parameters()}
    decayed, others = ({names[id(p)] for p in group["params"]} for group in optimizer.param_groups)
    assert optimizer.param_groups[0]["weight_decay"] == settings.weight_decay
    assert optimizer.param_groups[1]["weight_decay"] == 0
    assert decayed | others == {n for n in names.values() if not n.startswith("target_")}
    assert all(method.get_parameter(name).ndim > 1 for name in decayed)
    assert all(method.get_parameter(name).ndim == 1 for name in others)
