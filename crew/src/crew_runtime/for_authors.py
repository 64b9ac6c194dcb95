"""What an author's crew.py may use of the runtime, while a job runs.

from crew_runtime.for_authors import ask_customer, customer_files, document_search, model
"""

from crew_runtime.crewai.author.api import ask_customer, customer_files, document_search, model

__all__ = ["ask_customer", "customer_files", "document_search", "model"]
