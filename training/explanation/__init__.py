"""How far the explanations can be believed, measured on patients whose truth is known: maps, curves, bags."""
