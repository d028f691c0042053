"""Networks: principal components as a fixed layer, small towers, heads."""
