"""The tables of an evaluation: plain functions from figures to a `Table` of finished text."""
