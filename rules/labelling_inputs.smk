"""How far people have come with their labels, and what the rules can make of them."""

import json
from dataclasses import asdict

from ntkcpl.artifacts.features import read_ids
from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.labels.answers import LabelsError
from ntkcpl.labels.progress import read_progress
from ntkcpl.labels.read import read_labels


def run_of(name):
    """The folder of the only run of an experiment that people label."""
    experiment = CONFIG.experiments[name]
    return Path("results", name, *experiment.strategies, f"seed{experiment.seeds[0]}")


def progress_of(name):
    """How far people have come."""
    experiment = CONFIG.experiments[name]
    features = Path("results", name, "features.h5")
    labels = Path(experiment.labels).expanduser()
    root = experiment.dataset and Path(experiment.dataset.root).expanduser()
    ids, answers = [], {}
    try:
        if features.exists():
            ids = read_ids(features)
        if ids and labels.exists():
            answers = read_labels(labels, ids, experiment.classes, root).answers
        return read_progress(
            run_of(name),
            ids,
            {image: answer.label for image, answer in answers.items()},
            len(experiment.budgets),
            experiment.classes,
        )
    except (ArtifactError, LabelsError) as error:
        raise WorkflowError(str(error))


# As it was when Snakemake started: what people save meanwhile counts in the next run.
PROGRESS = {name: progress_of(name) for name in LABELLED}


def is_simulated(wildcards):
    """Whether nobody has to label."""
    return wildcards.experiment in SIMULATED


def of_round(file, wildcards, number):
    """The file of that name of another round of the run."""
    return f"results/{RUN}/{file}".format(**dict(wildcards) | {"round": number})


def has_classifier(wildcards, number):
    """Whether there is one after a round: not before the first, nor while all is of one class."""
    if is_simulated(wildcards):
        return number > 0
    return number in PROGRESS[wildcards.experiment].trained


def labels_of(wildcards, number):
    """What people have said in all rounds up to one."""
    if is_simulated(wildcards):
        return []
    return [of_round("labels.json", wildcards, n) for n in range(1, number + 1)]


def taken_in(wildcards):
    """What counts from the round on, as JSON."""
    number, finished = int(wildcards.round), PROGRESS[wildcards.experiment].finished
    if number > len(finished):
        raise WorkflowError(
            f"{wildcards.experiment} waits for labels of round {len(finished) + 1}: run "
            "`snakemake label`, which says of which images"
        )
    return json.dumps(asdict(finished[number - 1]))


def files_to_label():
    """What can be made with the labels at hand: classifiers, predictions, the next batch."""
    files = []
    for name, progress in PROGRESS.items():
        run = run_of(name)
        features = Path("results", name, "features.h5")
        if progress.asked and not features.exists():  # it was deleted, to be made anew
            files.append(str(features))
            continue
        files += [str(run / f"round{r}/classifier.h5") for r in progress.trained]
        if len(progress.finished) in progress.trained:
            files.append(f"results/{name}/predictions.csv")
        # What somebody has begun to answer stays as it is.
        if progress.coming and not progress.begun:
            files.append(str(run / f"round{progress.coming}/label"))
    return files


def say_what_waits():
    """Print a line for each experiment: what people are to do next."""
    for name in LABELLED:
        labels = CONFIG.experiments[name].labels
        try:
            step = progress_of(name).next_step(run_of(name), labels)
        except WorkflowError as error:  # what was saved since the start is wrong
            step = str(error)
        print(f"{name}: {step}", file=sys.stderr)
