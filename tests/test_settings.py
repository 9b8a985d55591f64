from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk import settings
from aln_desk.settings import RecentProject, Settings, WindowState

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(["recent", "theme", "keys", "window", "projects", "else"])
WINDOW_FIELDS = st.sampled_from(["geometry", "mode", "panels"])
RECORDS = st.dictionaries(
    FIELDS,
    JSON | st.dictionaries(WINDOW_FIELDS, JSON) | st.lists(st.dictionaries(st.sampled_from(["path", "opened"]), JSON)),
)


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("ALN_DESK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_no_file_gives_defaults() -> None:
    assert settings.load() == Settings()


def test_saved_settings_come_back() -> None:
    saved = Settings(
        recent=(RecentProject("/a/Studie Ä", "2026-03-04"),),
        theme="light",
        keys={"next": "D"},
        window=WindowState(geometry="AAEC", mode="review", panels={"review": {"sizes": [1, 2, 3]}}),
        projects={"/a/Studie Ä": {"patient": "P-1", "overlays": {"cam": True}}},
    )
    settings.save(saved)
    assert settings.load() == saved


@pytest.mark.parametrize("text", ["{", "", "nonsense", "[" * 100_000])
def test_a_damaged_file_gives_defaults_and_is_kept_beside(text: str) -> None:
    path = settings.file()
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    assert settings.load() == Settings()
    assert path.with_name("settings.json.bad").read_text(encoding="utf-8") == text
    assert not path.exists()


def test_a_file_that_is_not_utf8_is_damaged_too() -> None:
    path = settings.file()
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"theme": "\xff"}')
    assert settings.load() == Settings()
    assert path.with_name("settings.json.bad").exists()


@given(JSON | RECORDS)
def test_any_json_gives_settings_that_survive_a_round_trip(value: object) -> None:
    read = settings.from_json(value)
    assert read.theme in settings.THEMES
    settings.save(read)
    again = settings.load()
    assert json.dumps(settings.asdict(again)) == json.dumps(settings.asdict(read))


def test_good_values_survive_beside_bad_ones() -> None:
    read = settings.from_json({"theme": 3, "keys": {"a": "X", "b": 4}, "window": {"mode": "train", "panels": []}})
    assert read == Settings(keys={"a": "X"}, window=WindowState(mode="train"))


def test_recent_projects_are_listed_once_newest_first() -> None:
    kept = Settings().with_recent("/a", "2026-01-01").with_recent("/b", "2026-01-02").with_recent("/a", "2026-01-03")
    assert [(project.path, project.opened) for project in kept.recent] == [
        ("/a", "2026-01-03"),
        ("/b", "2026-01-02"),
    ]


def test_the_oldest_project_is_forgotten_with_its_state() -> None:
    kept = Settings().with_recent("/first", "2026-01-01").with_project_state("/first", {"patient": "P-1"})
    assert kept.project_state("/first") == {"patient": "P-1"}
    for number in range(12):
        kept = kept.with_recent(f"/{number}", "2026-01-02")
    assert len(kept.recent) == 12
    assert kept.project_state("/first") == {}


def test_a_project_can_be_taken_off_the_list() -> None:
    kept = Settings().with_recent("/a", "").with_project_state("/a", {"x": 1}).without_recent("/a")
    assert kept == Settings()


def test_a_key_can_be_bound_and_unbound() -> None:
    assert Settings().with_key("next", "D").with_key("next", "").keys == {"next": ""}
