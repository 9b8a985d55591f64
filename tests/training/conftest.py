"""What only the tests of training share."""

from __future__ import annotations

import pytest
from asked import THIN

from aln_desk.models.mit import MIT_SIZES


@pytest.fixture
def thin_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole runs in a second: the backbone of the preset ``tiny`` has a block a stage and few channels."""
    monkeypatch.setitem(MIT_SIZES, "segformer-b0", THIN)
