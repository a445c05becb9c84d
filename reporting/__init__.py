"""What people read: reports, plots, the model card and a customer's page."""
