"""How far people have come with their labels, and what the rules can make of them."""

import json
from contextlib import chdir
from dataclasses import asdict

from ntkcpl.artifacts.features import read_ids
from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.images import read_images
from ntkcpl.image_changes import ImagesError, compare
from ntkcpl.labels.answers import Labels, LabelsError
from ntkcpl.labels.holdout import read_holdout
from ntkcpl.labels.predictions import predictions_file
from ntkcpl.labels.progress import read_progress
from ntkcpl.labels.read import read_labels
from ntkcpl.records import Taken


def run_of(name):
    """The folder of the only run of an experiment that people label."""
    experiment = CONFIG.experiments[name]
    return Path("results", name, *experiment.strategies, f"seed{experiment.seeds[0]}")


@cache
def images_of(name):
    """The ids of the images, and each name that one had before with its id now, if any.

    Of photos those that are in the folder now, though they may not be embedded yet.
    """
    known = known_images(name)
    if not known.exists():
        return [], {}
    if name not in PHOTOS:
        return read_ids(known), {}
    changes = compare(root_of(name), listing_of(name), read_images(known))
    return changes.names, changes.former


def known_images(name):
    """The file that says which images there were in the last run."""
    return Path("results", name, "images.json" if name in PHOTOS else "features.h5")


@cache
def said_in(name):
    """What people have saved."""
    experiment = CONFIG.experiments[name]
    labels = Path(experiment.labels).expanduser()
    root = root_of(name) if name in PHOTOS else None
    ids, former = images_of(name)
    if not ids or not labels.exists():
        return Labels({})
    return read_labels(labels, ids, experiment.classes, root, former)


def progress_of(name):
    """How far people have come."""
    experiment = CONFIG.experiments[name]
    try:
        ids, former = images_of(name)
        said = said_in(name)
        answers = {image: answer.label for image, answer in said.answers.items()}
        holdout = None
        if name in HOLDING_OUT:
            batch = Path("results", name, "holdout/batch.csv")
            holdout = read_holdout(batch, experiment.holdout, answers, former)
        return read_progress(
            run_of(name),
            ids,
            answers,
            len(experiment.budgets),
            experiment.classes,
            former,
            said.gone,
            holdout,
        )
    except (ArtifactError, ImagesError, LabelsError) as error:
        raise WorkflowError(str(error))


def predictions_of(name):
    """The file that holds the predictions, which the number of images decides."""
    images, _ = CONFIG.experiments[name].pool_shape
    try:
        return str(predictions_file(Path("results", name), images))
    except ArtifactError as error:
        raise WorkflowError(str(error))


# As it was when Snakemake started: what people save meanwhile counts in the next run.
PROGRESS = {name: progress_of(name) for name in LABELLED}
WORKING_DIRECTORY = (
    Path.cwd()
)  # which Snakemake has left by its end, if --directory named it
PREDICTIONS = {name: predictions_of(name) for name in LABELLED}
# Those of more images than are predicted in CSV.
LARGE = {name for name, file in PREDICTIONS.items() if file.endswith(".parquet")}


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


def of_finished_rounds(file, name):
    """The files of that name of the rounds that people have answered."""
    numbers = range(1, len(PROGRESS[name].finished) + 1)
    return [str(run_of(name) / f"round{number}" / file) for number in numbers]


def of_trained_rounds(file, name):
    """Those of the rounds after which there is a classifier."""
    return [str(run_of(name) / f"round{r}" / file) for r in PROGRESS[name].trained]


def is_predicted(wildcards):
    """Whether the labels at hand give a classifier."""
    return PROGRESS[wildcards.experiment].is_trained


def is_evaluated(name):
    """Whether classifiers can be evaluated on a holdout."""
    holdout = PROGRESS[name].holdout
    return holdout is not None and holdout.is_complete and bool(holdout.classes)


def outcomes_of(name):
    """What says how right the classifiers are: the holdout, or else cross-validation."""
    if not PROGRESS[name].trained:
        return []
    if is_evaluated(name):
        return [f"results/{name}/holdout/outcomes.csv"]
    return of_trained_rounds("cross_validation.csv", name)


def sheets_of(name):
    """The contact sheets of the batches that are answered."""
    return of_finished_rounds("batch.png", name) if name in PHOTOS else []


def next_batch_size(name):
    """Images of the coming batch, or as many as in the last."""
    sizes = CONFIG.experiments[name].batch_sizes
    return sizes[min(len(PROGRESS[name].finished), len(sizes) - 1)]


def log_folders(name):
    """The folders that hold the benchmark files of an experiment, and of all rounds so far."""
    logs = Path("logs", *run_of(name).parts[1:])
    last = len(PROGRESS[name].finished) + 1
    rounds = [str(logs / f"round{number}") for number in range(1, last + 1)]
    return [f"logs/{name}", f"logs/{name}/holdout", *rounds]


def is_holding_out(wildcards):
    """Whether images are held out."""
    return wildcards.experiment in HOLDING_OUT


def page_settings(wildcards):
    """What pages for people go by."""
    experiment = experiment_of(wildcards)
    return canonical(
        dataset=experiment.dataset, classes=experiment.classes, labels=experiment.labels
    )


def classes_held_out(wildcards):
    """The classes that people have named in the holdout."""
    holdout = PROGRESS[wildcards.experiment].holdout
    return holdout.classes if holdout else []


def taken_in_holdout(wildcards):
    """What people have said of the holdout, as JSON."""
    answers = PROGRESS[wildcards.experiment].holdout.answers
    classes = experiment_of(wildcards).classes
    return json.dumps(asdict(Taken(answers, {}, classes)))


def taken_in(wildcards):
    """What counts from the round on, as JSON."""
    number, finished = int(wildcards.round), PROGRESS[wildcards.experiment].finished
    if number > len(finished):
        raise WorkflowError(
            f"{wildcards.experiment} waits for labels of round {len(finished) + 1}: run "
            "`snakemake label`, which says of which images"
        )
    return json.dumps(asdict(finished[number - 1]))


def said_of_images(wildcards):
    """Of each image that counts and is unchecked, which file and line says its label, as JSON."""
    said = said_in(wildcards.experiment)
    counted = [taken.answers for taken in PROGRESS[wildcards.experiment].finished]
    return json.dumps(
        {
            image: said.answers[image].where
            for answers in counted
            for image in answers
            if image in said.answers and image not in said.checked
        }
    )


def files_to_label():
    """What can be made with the labels at hand: classifiers, predictions, the next batch."""
    files = []
    for name, progress in PROGRESS.items():
        run = run_of(name)
        if (
            progress.asked and not known_images(name).exists()
        ):  # deleted, to be made anew
            files.append(f"results/{name}/features.h5")
            continue
        files += of_trained_rounds("classifier.h5", name)
        if progress.is_trained:
            files.append(PREDICTIONS[name])
            files.append(f"results/{name}/review")
        if progress.finished:
            files.append(f"results/{name}/summary.md")
        if progress.holds:
            if progress.holdout.undrawn or not progress.holdout.answers:
                files.append(f"results/{name}/holdout/label")
        # What somebody has begun to answer stays as it is.
        elif progress.coming and not progress.begun:
            files.append(str(run / f"round{progress.coming}/label"))
    return files


def folders_to_sort():
    """The folders of images by class, of those that have a classifier."""
    folders = [
        f"results/{name}/sorted"
        for name, progress in PROGRESS.items()
        if name in PHOTOS and progress.is_trained
    ]
    if not folders:
        raise WorkflowError(
            "there is no classifier yet to sort photos by: label a round, of two classes at "
            "least, and run `snakemake label`"
        )
    return folders


def say_what_waits():
    """Print a line for each experiment: what people are to do next."""
    for name in LABELLED:
        labels = CONFIG.experiments[name].labels
        try:
            with chdir(WORKING_DIRECTORY):
                step = progress_of(name).next_step(run_of(name), labels)
        except WorkflowError as error:  # what was saved since the start is wrong
            step = str(error)
        print(f"{name}: {step}", file=sys.stderr)
