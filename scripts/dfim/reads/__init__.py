"""From sequencing reads to peaks: trimming, tags, peak calling, reproducibility and quality."""
