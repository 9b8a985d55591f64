"""Tables, figures and the document of an evaluation, from scores and outcomes. No torch, no Qt."""
