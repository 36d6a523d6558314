"""What makes committed files of the repository; not part of the package."""
