"""`ordain models`: versions of models and their stages. Each file has some of its commands."""
