"""The best combination of parts, found by noisy validation: a space, a portfolio that is tried first, a search, an ablation."""
