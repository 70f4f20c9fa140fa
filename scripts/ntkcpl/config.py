"""The configuration: what may stand in it, and one sentence for each thing that may not."""

from collections.abc import Iterable, Mapping
from functools import reduce
from itertools import pairwise
from operator import or_
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Self, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from ntkcpl import datasets, precomputed, strategies
from ntkcpl.classifier import ClassifierSettings
from ntkcpl.datasets import DatasetSettings
from ntkcpl.encoders import EncoderSettings
from ntkcpl.features import FeatureSettings
from ntkcpl.pretraining import PretrainingSettings
from ntkcpl.settings import Settings


class ConfigError(Exception):
    """The configuration is wrong; the message is one sentence for each wrong key."""


# Names become folders and wildcards.
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


def _increasing(budgets: list[int]) -> list[int]:
    if any(b >= c for b, c in pairwise(budgets)):
        raise ValueError("must increase from each number to the next")
    return budgets


def _distinct(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        raise ValueError("must not repeat a value")
    return values


def _file_fits(features: str) -> str:
    try:
        precomputed.pool_size(Path(features).expanduser())
    except (precomputed.EmbeddingsError, RuntimeError) as error:  # or "~" of nobody
        raise ValueError(str(error)) from error
    return features


def _kind_of_features(features: Any) -> str | None:
    if isinstance(features, str):
        return "path"
    settings = isinstance(features, Mapping | FeatureSettings)
    return FeatureSettings.__name__ if settings else None


PositiveInt = Annotated[int, Field(ge=1)]
if TYPE_CHECKING:
    AnyStrategy = strategies.Strategy
    Features = FeatureSettings | str
else:
    # Told apart before they are checked, so that a mistake gives one sentence, not one for each.
    Features = Annotated[
        Annotated[FeatureSettings, Tag(FeatureSettings.__name__)]
        | Annotated[str, AfterValidator(_file_fits), Tag("path")],
        Discriminator(
            _kind_of_features,
            custom_error_type="kind_of_features",
            custom_error_message="must be settings or the path of an HDF5 file",
        ),
    ]
    AnyStrategy = Annotated[
        reduce(or_, map(strategies.strategy_class, strategies.methods())),
        Field(discriminator="method"),
    ]


class ExperimentSettings(Settings):
    """A data set, an encoder, a query schedule, a classifier's recipe and a list of strategies.

    Ready embeddings take the place of data set, encoder and pretraining.
    """

    features: Features  # the first to be checked: the next three depend on it
    """How the images are embedded, or the path of an HDF5 file that holds their embeddings,
    relative to the working directory."""
    dataset: DatasetSettings | None = Field(default=None, validate_default=True)
    """The images."""
    encoder: EncoderSettings | None = Field(default=None, validate_default=True)
    """The network that turns an image into an embedding."""
    pretraining: PretrainingSettings | None = Field(default=None, validate_default=True)
    """How the encoder is trained, without labels; left out if it has a checkpoint."""
    budgets: Annotated[list[PositiveInt], Field(min_length=1), AfterValidator(_increasing)]
    """Labels held after each round."""
    seeds: Annotated[
        list[Annotated[int, Field(ge=0)]], Field(min_length=1), AfterValidator(_distinct)
    ]
    """Repetitions: each strategy is run once for each seed."""
    classifier: ClassifierSettings
    """How the head is trained in each round."""
    strategies: Annotated[list[Name], Field(min_length=1), AfterValidator(_distinct)]
    """Names of the strategies to compare, defined under the top-level key `strategies`."""

    @property
    def batch_sizes(self) -> list[int]:
        """Images that each round buys."""
        return [after - before for before, after in pairwise([0, *self.budgets])]

    @property
    def pool_size(self) -> int | None:
        """Images in the pool; None if that is not known before they are read."""
        if self.dataset is not None:
            return datasets.pool_size(self.dataset)
        assert self.embeddings is not None
        return precomputed.pool_size(self.embeddings)

    @property
    def embeddings(self) -> Path | None:
        """The file of ready embeddings, if the experiment starts from one."""
        return Path(self.features).expanduser() if isinstance(self.features, str) else None

    @field_validator("dataset", "encoder", "pretraining")
    @classmethod
    def _goes_with_features(cls, value: Settings | None, info: ValidationInfo) -> Settings | None:
        features = info.data.get("features")  # None if they are wrong themselves
        if isinstance(features, str) and value is not None:
            raise ValueError("does not go with a features path, which replaces it: leave it out")
        encoder = info.data.get("encoder")  # None if it is wrong itself, or the one checked
        frozen = encoder is not None and encoder.checkpoint is not None
        if frozen and value is not None:
            raise ValueError("does not go with encoder.checkpoint, which replaces it: leave it out")
        if isinstance(features, FeatureSettings) and value is None and not frozen:
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
        name = str(self.features) if self.dataset is None else self.dataset.name
        pool_size = self.pool_size
        if pool_size is not None and self.budgets[-1] > pool_size:
            raise ValueError(
                f"budgets ends at {self.budgets[-1]}, but the pool of {name} has "
                f"{pool_size} images: no batch may be larger than what is left of the pool"
            )
        return self


class Config(Settings):
    """The whole configuration."""

    experiments: Annotated[dict[Name, ExperimentSettings], Field(min_length=1)]
    """The experiments to build."""
    strategies: Annotated[dict[Name, AnyStrategy], Field(min_length=1)]
    """The strategies that experiments may list: a name, a method and its parameters."""

    @model_validator(mode="after")
    def _experiments_fit_strategies(self) -> Self:
        for name, experiment in self.experiments.items():
            for strategy in experiment.strategies:
                if strategy not in self.strategies:
                    raise _at(
                        f"experiments.{name}.strategies",
                        f"{strategy!r} is not defined; defined are {', '.join(self.strategies)}",
                    )
                self._check_candidates(strategy, experiment.batch_sizes)
        return self

    def _check_candidates(self, strategy: str, batch_sizes: list[int]) -> None:
        candidates: int | str = getattr(self.strategies[strategy], "candidates", "all")
        if isinstance(candidates, int) and candidates < max(batch_sizes):
            raise _at(
                f"strategies.{strategy}.candidates",
                f"{candidates} are fewer than the largest batch, {max(batch_sizes)}",
            )


def _at(key: str, message: str) -> PydanticCustomError:
    """Return an error of another key than the one whose model is being checked."""
    return PydanticCustomError("elsewhere", "{message}", {"key": key, "message": message})


def load_config(values: Mapping[str, Any]) -> Config:
    """Check a parsed YAML configuration.

    Raises
    ------
    ConfigError
        With one sentence for each wrong key, naming the key and what is allowed.
    """
    try:
        return Config.model_validate(dict(values))
    except ValidationError as error:
        faults: dict[str, list[str]] = {}
        for fault in error.errors():
            path, parent = _resolve(fault["loc"])
            key = fault.get("ctx", {}).get("key", ".".join(path))
            messages = faults.setdefault(key, [])
            messages.append(_fault(fault, parent))
    # A value that fits no member of a union is a fault of each: they make one sentence.
    sentences = [f"{key}: {' or '.join(dict.fromkeys(all_))}" for key, all_ in faults.items()]
    raise ConfigError("\n".join(sentences))


def _resolve(location: Iterable[str | int]) -> tuple[list[str], type[BaseModel]]:
    """Follow pydantic's location into the models.

    Returns
    -------
    list of str
        The keys as in the YAML, without the names of union members that pydantic puts between.
    type
        The innermost model on the way, of which the last key is a field, or should be.
    """
    path: list[str] = []
    model: type[BaseModel] = Config
    here: Any = Config
    for part in location:
        if get_origin(here) is Annotated:
            here = get_args(here)[0]
        if get_origin(here) is UnionType and NoneType in get_args(here):  # a key to leave out
            here = get_args(here)[0]
        if isinstance(here, type) and issubclass(here, BaseModel):
            model = here
            field = here.model_fields.get(str(part))
            here = None if field is None else field.annotation
        elif get_origin(here) in (dict, list):
            here = get_args(here)[-1]
        elif part == FeatureSettings.__name__:
            here = FeatureSettings
            continue
        elif part in strategies.methods() and here is not None:
            here = strategies.strategy_class(str(part))
            continue
        else:  # the member of a union, or pydantic's "[key]"
            continue
        path.append(str(part))
    return path, model


def _fault(error: Any, model: type[BaseModel]) -> str:
    """Say what is wrong, and what is allowed, for one of pydantic's errors."""
    kind = error["type"]
    if kind == "extra_forbidden":
        return f"there is no such key; allowed are {', '.join(model.model_fields)}"
    if kind == "missing":
        return "this key is missing"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return f"method must be one of {', '.join(strategies.methods())}"
    message: str = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if kind in ("value_error", "elsewhere"):
        return message
    return f"{message}, but is {error['input']!r}"
