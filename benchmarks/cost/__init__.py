"""What the package costs, beside its peers: ``python -m benchmarks.cost`` measures all, each module one thing."""
