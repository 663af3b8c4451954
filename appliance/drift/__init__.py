"""Whether a camera still shows, and a model still finds, what it did when all was well."""
