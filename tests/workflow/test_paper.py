"""The paper's section 4: the jobs of its five data sets, without running them."""

from collections import Counter

import yaml

# Label counts of each data set. Three of the nine strategies cluster; there are five seeds.
ROUNDS = {"cifar10": 12, "svhn": 12, "cifar100": 10, "imagenet100": 10, "pets": 9}


def test_its_jobs_are_those_of_section_4(new_workflow):
    workflow = new_workflow({})
    workflow.config = yaml.safe_load((workflow.folder / "config/paper.yaml").read_text())
    (workflow.folder / "data/imagenet").mkdir(parents=True)
    (workflow.folder / "checkpoints").mkdir()
    (workflow.folder / "checkpoints/byol_resnet50.pth").touch()
    jobs = workflow.planned()
    counted = Counter((rule, _experiment(wildcards)) for rule, wildcards in jobs)
    for experiment, rounds in ROUNDS.items():
        assert counted["select_batch", experiment] == rounds * 5 * 9
        assert counted["train_classifier", experiment] == rounds * 5 * 9
        assert counted["cluster_pool", experiment] == rounds * 5 * 3
        assert counted["extract_features", experiment] == 1
        assert counted["pretrain", experiment] == (experiment != "pets")
        assert counted["import_encoder", experiment] == (experiment == "pets")
    assert {experiment for _, experiment in counted} == set(ROUNDS)


def _experiment(wildcards):
    return wildcards.partition(",")[0].removeprefix("experiment=")
