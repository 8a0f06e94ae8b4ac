"""What rules ask and no script needs: the configuration, its sheets and sources, paths, demands."""
