from __future__ import annotations

from pathlib import Path

import pytest

from aln_desk import paths


def test_home_variable_moves_data_configuration_and_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ALN_DESK_HOME", str(tmp_path))
    assert paths.user_data() == tmp_path
    assert paths.user_config() == tmp_path
    assert paths.demo_project().parent == tmp_path
    assert paths.user_cache().parent == tmp_path


def test_without_the_variable_the_user_folders_name_the_software(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALN_DESK_HOME", raising=False)
    assert paths.user_data().name == "aln-desk"
    assert paths.user_config().is_absolute()
    assert "aln-desk" in str(paths.user_cache())
    assert paths.user_cache() != paths.user_data()


def test_a_blank_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALN_DESK_HOME", "  ")
    assert paths.user_data().name == "aln-desk"


def test_resources_of_a_checkout_lie_beside_the_package() -> None:
    assert paths.resources().is_dir()
    assert paths.embedded_model().parent == paths.resources()


def test_resources_inside_an_installed_package_win(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "aln_desk"
    (package / "resources").mkdir(parents=True)
    monkeypatch.setattr(paths, "_PACKAGE", package)
    assert paths.resources() == package / "resources"
