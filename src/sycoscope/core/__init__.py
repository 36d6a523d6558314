"""What everything else is made of: the nouns and protocols, the ways to fail, rows of tables, files."""
