"""Documents as PDF: certificates, statements."""
