"""The curated anti-sycophancy set as a file for other trainers: kinds of rows, how they are dealt and written."""
