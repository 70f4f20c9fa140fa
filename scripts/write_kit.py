"""Write what people need to label the batch of a round, or the holdout."""

from _job import log_to

log_to(snakemake.log[0])

import json
from pathlib import Path

from ntkcpl.artifacts.batch import read_ids
from ntkcpl.artifacts.cells import write_cells
from ntkcpl.artifacts.classifier import read_classifier
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.labels import read_held
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.labels.kit import write_kit
from ntkcpl.labels.read import make_folder
from ntkcpl.labels.rows import Row, Suggestion
from ntkcpl.labels.similarity import similarity_order
from ntkcpl.labels.tables import COLUMNS
from ntkcpl.labels.thumbnails import thumbnails

w = snakemake.wildcards
settings = json.loads(snakemake.params.settings)
made_by = snakemake.params.made_by
features = read_features(snakemake.input.features, Provenance(made_by["features"]))
row = {image: number for number, image in enumerate(features.id)}
# A later kit of the holdout asks for the rest, without images that are gone.
answered = snakemake.params.get("answered", [])
ids = [i for i in read_ids(snakemake.input.batch) if i in row and i not in answered]
embedding = features.embedding[[row[image] for image in ids]]
kit = Path(snakemake.output.kit)
write_cells(kit / "table.csv", COLUMNS, [(image, "") for image in ids])
if settings["dataset"] is not None and ids:
    classes, inputs, suggestions = [], {}, [None] * len(ids)
    if snakemake.input.get("labels"):
        held = read_held(snakemake.input.labels, features)
        classes, inputs["labels"] = held.classes, held.digests
    if snakemake.input.get("classifier"):
        trained = Provenance(made_by["classifier"], inputs)
        head = read_classifier(snakemake.input.classifier, features, trained).head
        suggestions = [
            Suggestion(classes[p.argmax()], float(p.max())) for p in head.probability(embedding)
        ]
    root = Path(settings["dataset"]["root"]).expanduser().resolve()
    paths = [root / image for image in ids]
    write_kit(
        kit,
        list(map(Row, ids, thumbnails(paths), paths, suggestions)),
        experiment=w.experiment,
        round_=int(w.get("round", 0)),
        classes=settings["classes"] or sorted({*classes, *snakemake.params.classes}),
        after=len(answered),
        may_add=settings["classes"] is None,
        order=similarity_order(embedding),
        save_to=settings["labels"],
        served_from=root.parent,
    )
make_folder(settings["labels"])
