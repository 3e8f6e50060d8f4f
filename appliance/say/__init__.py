"""What the box says by itself: its texts, how numbers are counted in each language, and the files to play."""
