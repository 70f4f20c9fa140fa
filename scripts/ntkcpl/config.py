"""The configuration: what may stand in it, and one sentence for each thing that may not."""

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from ntkcpl import strategies
from ntkcpl.candidates import Candidates, number_considered
from ntkcpl.config_faults import bounded, faults_of
from ntkcpl.config_files import (
    LARGEST,
    distinct_as_displayed,
    is_too_large,
    misplaced,
    no_files,
    repeated_keys,
)
from ntkcpl.experiment import ExperimentSettings, Name
from ntkcpl.settings import Settings


class ConfigError(Exception):
    """The configuration is wrong; the message is one sentence for each wrong key."""


if TYPE_CHECKING:
    AnyStrategy = strategies.Strategy
else:
    AnyStrategy = Annotated[
        reduce(or_, map(strategies.strategy_class, strategies.methods())),
        Field(discriminator="method"),
    ]


class Config(Settings):
    """The whole configuration."""

    experiments: Annotated[
        dict[Name, ExperimentSettings],
        Field(min_length=1),
        AfterValidator(distinct_as_displayed),
    ]
    """The experiments to build."""
    strategies: Annotated[
        dict[Name, AnyStrategy],
        Field(min_length=1),
        AfterValidator(distinct_as_displayed),
        AfterValidator(no_files),
    ] = Field(default_factory=strategies.named, validate_default=True)
    """The strategies that experiments may list: a name, a method and its parameters. Without this
    key, each method by its own name, or as `<method>_self` and `<method>_al`."""

    def strategy(self, experiment: str, name: str) -> AnyStrategy:
        """Return a strategy as an experiment runs it, with what differs there."""
        defined = self.strategies[name]
        differs = self.experiments[experiment].strategies[name]
        kind = strategies.strategy_class(differs.get("method", defined.method))
        kept = dict(defined) if isinstance(defined, kind) else {}  # another method's are its own
        return kind.model_validate(kept | differs) if differs else defined

    @model_validator(mode="after")
    def _summary_is_no_experiment(self) -> Self:
        if "summary" in self.experiments:
            raise _at(
                "experiments.summary",
                "results/summary is for what spans experiments: choose another name",
            )
        return self

    @model_validator(mode="after")
    def _what_people_bring_is_no_result(self) -> Self:
        for name, e in self.experiments.items():
            brought = {"embeddings": e.embeddings, "labels": e.labels}
            brought["dataset.root"] = None if e.dataset is None else e.dataset.root
            brought["encoder.checkpoint"] = None if e.encoder is None else e.encoder.checkpoint
            for key, fault in misplaced(name, brought):
                raise _at(f"experiments.{name}.{key}", fault)
        return self

    @model_validator(mode="after")
    def _experiments_fit_strategies(self) -> Self:
        for name, experiment in self.experiments.items():
            for strategy in experiment.strategies:
                self._check_strategy(name, strategy)
        return self

    def _check_strategy(self, experiment: str, name: str) -> None:
        key = f"experiments.{experiment}.strategies"
        if name not in self.strategies:
            defined = ", ".join(self.strategies)
            raise _at(key, f"{name!r} is not defined; defined are {defined}")
        method = self.experiments[experiment].strategies[name].get("method")
        if method not in (None, *strategies.methods()):
            allowed = ", ".join(strategies.methods())
            raise _at(f"{key}.{name}.method", f"must be one of {allowed}, but is {method!r}")
        kind = strategies.strategy_class(method or self.strategies[name].method)
        try:
            strategy = self.strategy(experiment, name)
        except ValidationError as error:
            parameter, message = next(iter(faults_of(error, kind).items()))
            raise _at(f"{key}.{name}.{parameter}", message) from error
        differs = "candidates" in self.experiments[experiment].strategies[name]
        candidates: Candidates = getattr(strategy, "candidates", "all")
        largest = max(self.experiments[experiment].batch_sizes)
        number = number_considered(candidates, largest)
        if number < largest:
            raise _at(
                f"{key if differs else 'strategies'}.{name}.candidates",
                f"{number} are fewer than the largest batch, {largest}",
            )


def _at(key: str, message: str) -> PydanticCustomError:
    """Return an error of another key than the one whose model is being checked."""
    return PydanticCustomError("elsewhere", "{message}", {"key": key, "message": message})


def load_config(values: Mapping[str, Any], files: Iterable[str | Path] = ()) -> Config:
    """Check a parsed YAML configuration, and the files that it was read from for repeated keys.

    Raises
    ------
    ConfigError
        With one sentence for each wrong key, naming the key and what is allowed; of many, the first
        (see `bounded`).
    """
    if repeated := repeated_keys(files):
        raise ConfigError(bounded(repeated))
    if is_too_large(values):
        raise ConfigError(
            f"the configuration has more than {LARGEST:,} values, each alias counted where it "
            "stands: write fewer"
        )
    try:
        return Config.model_validate(dict(values))
    except ValidationError as error:
        sentences = [f"{key}: {message}" for key, message in faults_of(error, Config).items()]
        raise ConfigError(bounded(sentences)) from None
