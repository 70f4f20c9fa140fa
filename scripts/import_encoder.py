"""Bring an encoder that others have trained into the form of one that was pretrained here."""

from _job import log_to

log_to(snakemake.log[0])

import json

from ntkcpl.artifacts.files import content_digest
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.encoders import EncoderSettings
from ntkcpl.encoders.storage import save_encoder
from ntkcpl.encoders.weights import import_encoder

settings = EncoderSettings.model_validate(json.loads(snakemake.params.settings)["encoder"])
file = settings.weights_file
inputs = {"checkpoint": content_digest(file)} if file else {}
save_encoder(
    snakemake.output.encoder,
    import_encoder(settings),
    Provenance(snakemake.params.settings, inputs, (), snakemake.params.code),
)
