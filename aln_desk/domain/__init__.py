"""The nouns and rules of ALN Desk: pure Python and numpy, no files, no Qt, no torch."""
