"""Safe names for a project's images, and finding the image that a name in another program's file means."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from aln_desk.domain.patient import Instance
from aln_desk.io.formats.incoming import Refused

_MOST_NAMED = 3


def safe_names(bag: Sequence[Instance]) -> dict[str, str]:
    """By instance id a name without suffix, unique in any case of its letters and valid on every file system.

    The image's stem where no other image of the project has it; else ``<patient>/<stem>``, with a number where even
    that is taken.
    """
    stems = {i.id: Path(i.image).stem for i in bag}
    count = Counter(stem.casefold() for stem in stems.values())
    names: dict[str, str] = {}
    taken: set[str] = set()
    for instance in bag:
        stem = stems[instance.id]
        place = stem if count[stem.casefold()] == 1 else f"{safe(instance.patient)}/{stem}"
        name, number = place, 2
        while name.casefold() in taken:
            name, number = f"{place}-{number}", number + 1
        taken.add(name.casefold())
        names[instance.id] = name
    return names


def safe(name: str, otherwise: str = "patient") -> str:
    """A folder's name that every file system accepts."""
    return "".join(c if c.isalnum() or c in "-_. " else "_" for c in name).strip(". ") or otherwise


class Matcher:
    """Finds the image that a name means; case and the form of accented letters do not matter. It never guesses."""

    def __init__(self, bag: Sequence[Instance], names: Mapping[str, str]) -> None:
        """``names`` as `safe_names` gives them."""
        self._addresses: dict[str, list[tuple[str, ...]]] = {}
        self._by_last: dict[str, list[Instance]] = defaultdict(list)
        self._patients = {_parts(safe(instance.patient))[-1] for instance in bag}
        for instance in bag:
            own = names[instance.id]
            exported = _parts(own + Path(instance.image).suffix)
            self._addresses[instance.id] = [_parts(Path(instance.image).as_posix()), exported]
            lasts = {address[-1] for address in self._addresses[instance.id]}
            for last in lasts | {_stem(last) for last in lasts}:
                self._by_last[last].append(instance)

    def find(self, name: str, has_suffix: bool = True) -> Instance:
        """The image called ``name``, a path with ``/`` or ``\\``, of which the end counts; without ``has_suffix`` a
        stem. Raises `Refused` where no image is called so, or several could be meant.
        """
        wanted = _parts(name)
        found = self._by_last.get(wanted[-1], []) if wanted else []
        owner = next((part for part in reversed(wanted[:-1]) if part in self._patients), None)
        if owner is not None:  # another patient's image of the same name is not meant
            found = [instance for instance in found if _parts(safe(instance.patient))[-1] == owner]
        agreement = {instance.id: self._agreement(instance, wanted, has_suffix) for instance in found}
        most = max(agreement.values(), default=0)
        best = [instance for instance in found if agreement[instance.id] == most]
        if most == 0:
            raise Refused(f"no image of this project is called {name!r}")
        if len(best) > 1:
            listed = ", ".join(instance.id for instance in best[:_MOST_NAMED])
            raise Refused(f"{name!r} could be {len(best)} images of this project ({listed} ...)")
        return best[0]

    def _agreement(self, instance: Instance, wanted: tuple[str, ...], has_suffix: bool) -> int:
        """How many parts at the end of the name are the image's."""
        most = 0
        for address in self._addresses[instance.id]:
            known = address if has_suffix else (*address[:-1], _stem(address[-1]))
            pairs = zip(reversed(known), reversed(wanted), strict=False)
            alike = next((number for number, (one, other) in enumerate(pairs) if one != other), None)
            most = max(most, min(len(known), len(wanted)) if alike is None else alike)
        return most


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def _parts(name: str) -> tuple[str, ...]:
    text = unicodedata.normalize("NFC", name.replace("\\", "/")).casefold()
    return tuple(part for part in text.split("/") if part not in ("", "."))
