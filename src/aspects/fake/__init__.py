"""A simulation of learners in courses: statements, the LMS's records and the true value of each measure."""
