"""What all parts say of a job: its states, its failures, its project, its model."""
