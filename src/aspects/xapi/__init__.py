"""xAPI statements: their vocabulary, what makes one valid, reading them from files, storing them."""
