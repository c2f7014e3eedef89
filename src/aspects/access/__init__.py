"""Who may use Superset, and which courses they see, where no LMS says so."""
