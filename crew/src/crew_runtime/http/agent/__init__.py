"""What an agent does for those who ask, whichever protocol they speak: jobs, questions, and why not."""
