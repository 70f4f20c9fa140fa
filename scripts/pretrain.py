"""Pretrain an encoder on the images of the pool, without their labels."""

from _job import is_first_process, log_to

log_to(snakemake.log[0])

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from ntkcpl import datasets
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.encoders import EncoderSettings
from ntkcpl.encoders.storage import save_encoder
from ntkcpl.pretraining import PretrainingSettings
from ntkcpl.pretraining.callbacks import Interrupted
from ntkcpl.pretraining.checkpoint import remove_checkpoint
from ntkcpl.pretraining.history import write_history
from ntkcpl.pretraining.training import pretrain

settings = json.loads(snakemake.params.settings)
dataset = datasets.load(datasets.DatasetSettings.model_validate(settings["dataset"]))
# Not among the outputs, which Snakemake deletes when a job is killed.
checkpoint = Path(snakemake.output.encoder).with_suffix(".checkpoint.pt")

try:
    encoder, history = pretrain(
        dataset.pool.images,
        dataset.pool.label,
        PretrainingSettings.model_validate(settings["pretraining"]),
        EncoderSettings.model_validate(settings["encoder"]),
        checkpoint,
        log_folder=Path(snakemake.log[0]).with_suffix(""),
    )
except Interrupted as stop:
    if not is_first_process():
        sys.exit()  # as if all were well: Lightning kills the first where another fails
    print(f"\npretrain stopped, {stop}", file=sys.stderr)
    # Under SLURM it was preempted, or its time is nearly over: back into the queue.
    if job := os.environ.get("SLURM_JOB_ID"):
        subprocess.run(["scontrol", "requeue", job], check=False)
    sys.exit(128 + signal.SIGTERM)
if not is_first_process():
    sys.exit()
origin = Provenance(snakemake.params.settings, {}, (), snakemake.params.code)
write_history(snakemake.output.history, history, origin)
save_encoder(snakemake.output.encoder, encoder, origin)
remove_checkpoint(checkpoint)
