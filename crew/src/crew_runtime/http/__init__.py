"""The API's side of a request: the endpoints of MIP-003, what they check, and the operators' port."""
