"""The settings of one experiment, and what of them must fit together."""

from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from ntkcpl import datasets, precomputed
from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.reference import label_counts
from ntkcpl.classifier import ClassifierSettings
from ntkcpl.config_faults import shown
from ntkcpl.datasets import DatasetSettings
from ntkcpl.encoders import EncoderSettings
from ntkcpl.features import FeatureSettings
from ntkcpl.labels.defaults import with_defaults
from ntkcpl.labels.names import class_fault
from ntkcpl.pretraining import PretrainingSettings
from ntkcpl.settings import Count, PathText, Seed, Settings

# Numbers in an embedding whose width the settings of the encoder do not tell: one of timm's.
UNKNOWN_WIDTH = 2048
# Names become folders and wildcards.
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=100)]


def _increasing(budgets: list[int]) -> list[int]:
    if any(b >= c for b, c in pairwise(budgets)):
        raise ValueError("must increase from each number to the next")
    return budgets


def _distinct(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        raise ValueError("must not repeat a value")
    return values


def _file_fits(path: str) -> str:
    try:
        precomputed.pool_shape(Path(path).expanduser())
    except precomputed.EmbeddingsError as error:
        raise ValueError(str(error)) from error
    return path


def _by_name(entries: Any) -> Any:
    """Turn the list, of names and of names with what differs, into what differs by name."""
    form = "names, or names with what differs such as ntkcpl_al: {max_clusters: 100}"
    if not isinstance(entries, list) or not entries:
        raise ValueError(f"must be a list of {form}, but is {shown(entries)}")
    by_name: dict[str, Any] = {}
    for entry in entries:
        named = {entry: {}} if isinstance(entry, str) else entry
        if not isinstance(named, dict) or len(named) != 1:
            raise ValueError(f"must be a list of {form}, but holds {shown(entry)}")
        if by_name.keys() & named:
            raise ValueError("must not repeat a value")
        by_name |= named
    return by_name


class ExperimentSettings(Settings):
    """A data set, an encoder, a query schedule, a classifier's recipe and a list of strategies.

    Ready embeddings take the place of data set, encoder, pretraining and features.
    """

    # The first to be checked: the next four depend on it.
    embeddings: Annotated[PathText, AfterValidator(_file_fits)] | None = None
    """HDF5 file of ready embeddings, or a folder of shards (.npy, parquet), relative to the
    working directory, in place of the next four."""
    dataset: DatasetSettings | None = Field(default=None, validate_default=True)
    """The images."""
    encoder: EncoderSettings | None = Field(default=None, validate_default=True)
    """The network that turns an image into an embedding."""
    pretraining: PretrainingSettings | None = Field(default=None, validate_default=True)
    """How the encoder is trained, without labels; left out if it has weights already."""
    features: FeatureSettings | None = Field(default=None, validate_default=True)
    """How the images are embedded. Where people label, the defaults are other ones
    (`labels.defaults`): views of labelled images only, and the precision that is fast here."""
    budgets: Annotated[list[Count], Field(min_length=1), AfterValidator(_increasing)]
    """Labels held after each round."""
    seeds: Annotated[list[Seed], Field(min_length=1), AfterValidator(_distinct)] = Field([0])
    """Repetitions: each strategy is run once for each seed."""
    classifier: ClassifierSettings = ClassifierSettings()
    """How the classifier is trained in each round."""
    strategies: Annotated[
        dict[Name, dict[str, Any]],
        BeforeValidator(
            _by_name,
            json_schema_input_type=Annotated[
                list[Name | dict[Name, dict[str, Any]]], Field(min_length=1)
            ],
        ),
    ]
    """The strategies to compare, in the order of legends and tables: names that are defined under
    the top-level key `strategies`, or such names with what differs here, method or parameters."""

    labels: PathText | None = None
    """Folder, or file, of labels that people bring, relative to the working directory; before the
    first of them it may be missing. The images come without labels, and each batch waits until
    people have labelled it."""
    classes: Annotated[list[str], Field(min_length=2), AfterValidator(_distinct)] | None = None
    """The classes that people may choose from; without them, any that they name."""
    holdout: Count | None = None
    """Random images that people label first, on which the accuracy of each round's classifier is
    measured: none is asked for by a strategy or trained on."""
    reference: str | None = None
    """The experiment of the paper's, in reference/ntkcpl/accuracy.csv, that results are compared
    with."""

    @property
    def batch_sizes(self) -> list[int]:
        """Images that each round buys."""
        return [after - before for before, after in pairwise([0, *self.budgets])]

    @property
    def embeddings_file(self) -> Path | None:
        """The file of ready embeddings, if the experiment starts from one."""
        return None if self.embeddings is None else Path(self.embeddings).expanduser()

    @cached_property
    def pool_shape(self) -> tuple[int, int]:
        """Images in the pool, and numbers in the embedding of one.

        Where only reading them tells they are an upper bound, or a guess.
        """
        if self.embeddings_file is not None:
            return precomputed.pool_shape(self.embeddings_file)
        assert self.dataset is not None and self.encoder is not None
        width = self.encoder.embedding_width or UNKNOWN_WIDTH
        return datasets.pool_size(self.dataset), width

    @model_validator(mode="before")
    @classmethod
    def _has_what_people_need(cls, values: Any) -> Any:
        return with_defaults(values) if isinstance(values, Mapping) else values

    @field_validator("classes")
    @classmethod
    def _can_be_read_back(cls, classes: list[str] | None) -> list[str] | None:
        for fault in filter(None, map(class_fault, classes or [])):
            raise ValueError(fault)
        return classes

    @field_validator("reference")
    @classmethod
    def _is_of_the_paper(cls, value: str | None) -> str | None:
        if value is None:
            return value
        try:
            known = label_counts()
        except ArtifactError as error:
            raise ValueError(str(error)) from error
        if value not in known:
            raise ValueError(f"must be one of {', '.join(known)}, but is {value!r}")
        return value

    @model_validator(mode="before")
    @classmethod
    def _no_path_under_features(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and isinstance(values.get("features"), str):
            raise ValueError("features takes settings; name the file under embeddings")
        return values

    @field_validator("dataset", "encoder", "pretraining", "features")
    @classmethod
    def _goes_with_embeddings(cls, value: Settings | None, info: ValidationInfo) -> Settings | None:
        if "embeddings" not in info.data:  # they are wrong themselves
            return value
        encoder = info.data.get("encoder")  # None if it is wrong itself, or not checked yet
        replacements = {"embeddings": info.data["embeddings"]}
        if info.field_name == "pretraining" and encoder is not None and encoder.has_weights:
            key = "checkpoint" if encoder.checkpoint else "architecture"
            replacements[f"encoder.{key}"] = getattr(encoder, key)
        for key, replacement in replacements.items():
            if replacement is not None:
                if value is not None:
                    raise ValueError(
                        f"does not go with {key} {replacement}, which replaces it: leave it out"
                    )
                return value
        if value is None:
            raise PydanticCustomError("missing", "is missing")
        return value

    @model_validator(mode="after")
    def _sources_are_larger_files(self) -> Self:
        source = None if self.pretraining is None else self.pretraining.source_size
        if source is None:
            return self
        assert self.dataset is not None  # no pretraining without images
        if self.dataset.image_size is None:
            raise ValueError(
                f"pretraining.source_size goes with images in files, and {self.dataset.name} has "
                "none: leave it out"
            )
        if source < self.dataset.image_size:
            raise ValueError(
                f"pretraining.source_size {source} is smaller than dataset.image_size "
                f"{self.dataset.image_size}, the size of the views that are cut"
            )
        return self

    @model_validator(mode="after")
    def _pool_is_large_enough(self) -> Self:
        name = self.embeddings if self.dataset is None else self.dataset.name
        try:
            size, _ = self.pool_shape
        except datasets.DatasetError as error:
            raise ValueError(str(error)) from error
        held_out = "" if self.holdout is None else f" and holdout is {self.holdout}"
        if self.budgets[-1] + (self.holdout or 0) > size:
            raise ValueError(
                f"budgets ends at {self.budgets[-1]}{held_out}, but the pool of {name} has "
                f"{size} images: no batch may be larger than what is left of the pool"
            )
        return self

    @model_validator(mode="after")
    def _people_can_label(self) -> Self:
        if self.labels is None:
            self._labels_are_known()
            for key in ("classes", "holdout"):
                if getattr(self, key) is not None:
                    raise ValueError(f"{key} goes with labels, which people bring: leave it out")
            return self
        if len(self.strategies) > 1 or len(self.seeds) > 1:
            raise ValueError("labels goes with one strategy and one seed: people label once")
        if self.reference is not None:
            raise ValueError("reference does not go with labels: leave it out")
        if self.dataset is not None and self.dataset.subfolders != "ignored":
            raise ValueError(
                f"labels goes with embeddings or images in a folder, not with {self.dataset.name}: "
                "take imagefolder, without subfolders: classes"
            )
        return self

    def _labels_are_known(self) -> None:
        """Refuse embeddings without labels."""
        path = self.embeddings_file
        lacks = [] if path is None else precomputed.unknown_labels(path)
        if lacks:
            raise ValueError(
                f"embeddings {path} lacks {', '.join(lacks)}: add what is missing, or let people "
                "label the pool (labels)"
            )

    @model_validator(mode="after")
    def _has_what_the_reference_has(self) -> Self:
        if self.reference is None:
            return self
        if "random" not in self.strategies:
            raise ValueError(
                "reference compares gains over the strategy random: add it to strategies"
            )
        printed = label_counts()[self.reference]
        if not {*printed} & {*self.budgets}:
            raise ValueError(
                f"reference {self.reference} shares no number of labels with budgets: it has "
                f"{', '.join(map(str, printed))}"
            )
        return self
