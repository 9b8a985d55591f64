"""The tables of ``project.sqlite`` and how an older file is brought up to date."""

from __future__ import annotations

import sqlite3

APPLICATION_ID = 0x414C4E44
"""``ALND`` in the file's header: tells a project from any other SQLite file."""

MIGRATIONS: tuple[str, ...] = (
    f"""
    PRAGMA application_id = {APPLICATION_ID};
    CREATE TABLE cohort (
        name TEXT PRIMARY KEY,
        role TEXT NOT NULL
    );
    CREATE TABLE patient (
        id TEXT PRIMARY KEY,
        cohort TEXT NOT NULL REFERENCES cohort (name) ON UPDATE CASCADE,
        outcome INTEGER CHECK (outcome IN (0, 1)),
        admission_date TEXT NOT NULL,
        hospital TEXT NOT NULL
    );
    CREATE TABLE clinical (
        patient TEXT NOT NULL REFERENCES patient (id) ON DELETE CASCADE,
        variable TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (patient, variable)
    );
    -- A path is relative to the project folder where the file lies inside it (and its absolute is NULL);
    -- outside, both are kept (relative NULL across drives), so that either of the two may go stale.
    CREATE TABLE instance (
        id TEXT PRIMARY KEY,
        patient TEXT NOT NULL REFERENCES patient (id) ON DELETE CASCADE,
        view TEXT NOT NULL,
        image_absolute TEXT,
        image_relative TEXT,
        annotation_absolute TEXT,
        annotation_relative TEXT
    );
    CREATE INDEX instance_of_patient ON instance (patient);
    CREATE TABLE review (
        patient TEXT NOT NULL REFERENCES patient (id) ON DELETE CASCADE,
        reader TEXT NOT NULL,
        judgement INTEGER NOT NULL CHECK (judgement BETWEEN 1 AND 5),
        note TEXT NOT NULL,
        seconds REAL NOT NULL,
        signed_at TEXT NOT NULL,
        shown_score REAL,
        shown_threshold REAL,
        shown_model TEXT
    );
    CREATE INDEX review_of_patient ON review (patient);
    CREATE TABLE adoption (
        folder_absolute TEXT,
        folder_relative TEXT,
        digest TEXT NOT NULL,
        adopted_at TEXT NOT NULL
    );
    """,
    "ALTER TABLE review ADD COLUMN shown_uncertain INTEGER NOT NULL DEFAULT 0 CHECK (shown_uncertain IN (0, 1))",
    """
    -- One evaluation of one test cohort; scorers and filters are JSON lists. It outlives cohort and models.
    CREATE TABLE look (
        looked_at TEXT NOT NULL,
        cohort TEXT NOT NULL,
        scorers TEXT NOT NULL,
        rule TEXT NOT NULL,
        filters TEXT NOT NULL,
        patients INTEGER NOT NULL,
        origin TEXT NOT NULL
    );
    CREATE INDEX look_of_cohort ON look (cohort);
    """,
    """
    -- What each annotation file holds, so that counting and searching open none; all of it can be made again.
    -- drawn_by is empty for the main annotation; labels is a JSON object of counts, flags a JSON list, stamp tells
    -- whether the files are still the ones that were read.
    CREATE TABLE annotation_index (
        instance TEXT NOT NULL REFERENCES instance (id) ON UPDATE CASCADE ON DELETE CASCADE,
        drawn_by TEXT NOT NULL,
        reader TEXT NOT NULL,
        status TEXT NOT NULL,
        shapes INTEGER NOT NULL,
        labels TEXT NOT NULL,
        flags TEXT NOT NULL,
        problem TEXT NOT NULL,
        changed_at TEXT NOT NULL,
        stamp TEXT NOT NULL,
        PRIMARY KEY (instance, drawn_by)
    ) WITHOUT ROWID;
    -- Every set of labels that a project offered, a JSON list; the last one holds.
    CREATE TABLE label_set (
        changed_at TEXT NOT NULL,
        reader TEXT NOT NULL,
        labels TEXT NOT NULL
    );
    """,
)
"""One script a version, applied in order and never changed once released; a new version appends a script."""


def version(connection: sqlite3.Connection) -> int:
    """Number of migrations that the file has seen (0: an empty file)."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def is_project(connection: sqlite3.Connection) -> bool:
    """Whether the header names this file an ALN Desk project."""
    return bool(connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID)


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the scripts the file has not seen, each in a transaction: one that fails leaves no trace."""
    for number, script in enumerate(MIGRATIONS[version(connection) :], start=version(connection) + 1):
        try:
            connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.rollback()
            raise
