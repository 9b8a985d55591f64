"""How far a burned-in mark misleads models that were taught where it told the outcome."""
