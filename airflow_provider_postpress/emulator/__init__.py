"""A Postpress that runs on this machine, for demos and for tests of one's own DAGs."""
