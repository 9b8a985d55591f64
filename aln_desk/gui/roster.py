"""The patients of a project in their order, found by name, with who comes next."""

from __future__ import annotations

from collections.abc import Iterable

from aln_desk.domain.patient import Instance, Patient


class Roster:
    """Patients and their instances by id. Only `replace` changes it, never the order."""

    def __init__(self, patients: Iterable[Patient] = ()) -> None:
        self.patients = list(patients)
        self._rows = {patient.id: row for row, patient in enumerate(self.patients)}
        self._instances = {one.id: one for patient in self.patients for one in patient.bag}

    def find(self, name: str) -> Patient | None:
        """A patient by id."""
        return self.patients[self._rows[name]] if name in self._rows else None

    def patient(self, name: str) -> Patient:
        """A patient by id; KeyError for an unknown one."""
        return self.patients[self._rows[name]]

    def instance(self, name: str) -> Instance:
        """An instance by id; KeyError for an unknown one."""
        return self._instances[name]

    def find_instance(self, name: str) -> Instance | None:
        """An instance by id."""
        return self._instances.get(name)

    def replace(self, patient: Patient) -> None:
        """The patient of the same id has changed; its bag is the same."""
        self.patients[self._rows[patient.id]] = patient

    def neighbour(self, patient: Patient | None, step: int) -> Patient | None:
        """The patient ``step`` places on, the first for None; None beyond either end."""
        row = self._rows[patient.id] + step if patient else 0
        return self.patients[row] if 0 <= row < len(self.patients) else None

    def neighbour_instance(self, instance: Instance, step: int) -> Instance | None:
        """The image one step (1 or -1) on, over the patients' borders; None beyond either end."""
        bag = self.patient(instance.patient).bag
        place = bag.index(instance) + step
        if 0 <= place < len(bag):
            return bag[place]
        owner = self.neighbour(self.patient(instance.patient), step)
        while owner is not None and not owner.bag:
            owner = self.neighbour(owner, step)
        return None if owner is None else owner.bag[0 if step > 0 else -1]
