"""One run of a recipe, from its start to the judgement of each stage."""
