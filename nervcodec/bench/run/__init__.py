"""From what is asked for to lines of results, whatever comes between."""
