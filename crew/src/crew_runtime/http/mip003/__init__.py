"""The protocol of the network: MIP-003's endpoints, and how they write a job."""
