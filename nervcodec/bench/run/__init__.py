"""Running a benchmark: from a request to lines of results, even across interruptions."""
