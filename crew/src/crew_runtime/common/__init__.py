"""What any part may use, and what knows no part."""
