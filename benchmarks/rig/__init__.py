"""What the whole-box benchmarks share: a box in a temporary folder, phones, figures with goals."""
