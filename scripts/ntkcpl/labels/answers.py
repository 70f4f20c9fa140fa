"""What people said of the images, and all that is wrong with it."""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ntkcpl.labels.names import SKIPPED, class_fault, is_utf8, tidy

# Faults that an error lists; it counts the others.
LISTED = 10


class LabelsError(Exception):
    """Labels cannot be used; the message is a sentence a fault, of at most `LISTED`.

    Attributes
    ----------
    faults : list of str
        All of them: each names file, line and image, and says what to do.
    """

    def __init__(self, faults: Sequence[str]):
        self.faults = list(faults)
        more = len(faults) - LISTED
        lines = [*faults[:LISTED], *([f"and {more} more like these"] if more > 0 else [])]
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class Answer:
    """What was said of one image.

    Attributes
    ----------
    label
        Its class; None if it was skipped.
    file
        The file that says so: a table, an export, or a copy of the image in a folder.
    place
        Where in the file, such as "line 3"; empty for a copy.
    """

    label: str | None
    file: Path
    place: str = ""

    @property
    def where(self) -> str:
        """File and place, for a message."""
        return f"{self.file}, {self.place}" if self.place else str(self.file)

    def __str__(self) -> str:
        return SKIPPED if self.label is None else repr(self.label)


@dataclass(frozen=True)
class Labels:
    """What all files together say.

    Attributes
    ----------
    answers
        Id of each image of which something was said -> what, and by which file first.
    gone : set of str
        Former images that were labelled or skipped, and are gone.
    checked : set of str
        Ids of the images whose answer somebody gave, or found right, knowing what was said before.
    """

    answers: Mapping[str, Answer]
    gone: frozenset[str] = frozenset()
    checked: frozenset[str] = frozenset()

    @property
    def labelled(self) -> dict[str, str]:
        """Id -> class of the images that are not skipped."""
        return {i: a.label for i, a in self.answers.items() if a.label is not None}

    @property
    def skipped(self) -> list[str]:
        """The ids that were skipped."""
        return [i for i, answer in self.answers.items() if answer.label is None]

    @property
    def classes(self) -> list[str]:
        """The names of the classes that occur, sorted."""
        return sorted(set(self.labelled.values()))


class Collector:
    """Gathers answers file by file, and what is wrong with them, instead of stopping at once.

    An answer may say which other it corrects: then it counts in place of every answer that says
    that, wherever it stands. With the corrections all answers for an image must agree.

    Parameters
    ----------
    ids
        The images' ids.
    classes
        The classes that are allowed; None for any.
    former
        Each name that an image had before -> its id now, None if it is gone.

    Raises
    ------
    ValueError
        If a name in `classes` cannot be that of a class (see `class_fault`).
    """

    def __init__(
        self,
        ids: Iterable[str],
        classes: Sequence[str] | None,
        former: Mapping[str, str | None] | None = None,
    ):
        for name in classes or ():
            if fault := class_fault(name):
                raise ValueError(fault)
        self.ids = set(ids)
        self.faults: list[str] = []
        self._classes = classes
        self._answers: defaultdict[str, list[Answer]] = defaultdict(list)
        # Image -> what was said -> what is right instead, or the same.
        self._checks: defaultdict[str, dict[str | None, Answer]] = defaultdict(dict)
        self._by_name: defaultdict[str, list[str]] = defaultdict(list)
        self._former, self._gone = former or {}, set[str]()
        for image in self.ids | self._former.keys():
            self._by_name[PurePosixPath(image).name].append(image)

    def named(self, name: str) -> list[str]:
        """Return the ids of which the last part is `name`, sorted."""
        return sorted(self._by_name.get(name, []))

    def add(self, image: str, text: str, file: Path, place: str = "", was: str = "") -> None:
        """Take what `file` says of an image; an empty text says nothing yet.

        Where it is known what was said before, `was`, this is a correction of it, or the finding
        that it is right.
        """
        if not tidy(text):
            return
        now = self._former.get(image, image)
        if now is None:
            self._gone.add(image)
            return
        image = now
        answer = Answer(_label(text), file, place)
        if fault := self._fault(image, answer):
            self.faults.append(fault)
            return
        self._answers[image].append(answer)
        if tidy(was):
            first = self._checks[image].setdefault(_label(was), answer)
            if first.label != answer.label:
                self.faults.append(_conflict(image, answer, first))

    def labels(self) -> Labels:
        """Return what was said. Raises LabelsError if anything is wrong with it."""
        answers: dict[str, Answer] = {}
        for image, said in self._answers.items():
            first, *others = (self._corrected(image, answer) for answer in said)
            # The oldest file: one that says the same again does not change who said it first.
            answers[image] = min((first, *others), key=_age) if others else first
            wrong = [other for other in others if other.label != first.label]
            self.faults += (_conflict(image, other, first) for other in wrong)
        if self.faults:
            raise LabelsError(self.faults)
        checked = {
            image
            for image, checks in self._checks.items()
            if answers[image].label in {answer.label for answer in checks.values()}
        }
        return Labels(answers, frozenset(self._gone), frozenset(checked))

    def _corrected(self, image: str, answer: Answer) -> Answer:
        """Return what counts in place of an answer: the last of the corrections from it on."""
        checks = self._checks.get(image, {})
        seen = {answer.label}
        while (right := checks.get(answer.label)) and right.label != answer.label:
            if right.label in seen:
                self.faults.append(
                    f"{right.where}: {image!r} is {right} instead of {answer}, but {answer.where} "
                    "corrects the other way: decide which is right, and delete the other"
                )
                return answer
            seen.add(right.label)
            answer = right
        return answer

    def _fault(self, image: str, answer: Answer) -> str:
        """Say what is wrong with an answer by itself, or nothing."""
        where, label = answer.where, answer.label
        if image not in self.ids:
            return f"{where}: there is no image {image!r}: {self._fix(image)}"
        if label is not None and not is_utf8(label):
            return (
                f"{where}: the label {label!r} of {image!r} is not UTF-8: save the file as CSV "
                "UTF-8, or name the folder anew"
            )
        if label is not None and self._classes is not None and label not in self._classes:
            close = difflib.get_close_matches(label, self._classes, 1)
            fix = f"write {close[0]!r}" if close else f"take one of {', '.join(self._classes)}"
            return (
                f"{where}: {label!r} of {image!r} is none of the classes: {fix} or add it to them"
            )
        return ""

    def _fix(self, image: str) -> str:
        if not is_utf8(image):
            return "save the file as CSV UTF-8, or delete it there"
        namesakes = self.named(PurePosixPath(image).name)
        if len(namesakes) == 1:
            return f"write {namesakes[0]!r} if that is meant"
        return "correct the name, or delete it there"


def _age(answer: Answer) -> int:
    return answer.file.lstat().st_mtime_ns


def _label(text: str) -> str | None:
    """Return the class that a text names, None if it says that the image is skipped."""
    name = tidy(text)
    return None if name.casefold() == SKIPPED else name


def _conflict(image: str, answer: Answer, first: Answer) -> str:
    return (
        f"{answer.where}: {image!r} is {answer}, but {first} in {first.where}: decide which is "
        "right, and correct or delete the other"
    )
