"""What kam costs beside bare SQL and bare Django, measured in one run (`make bench`)."""
