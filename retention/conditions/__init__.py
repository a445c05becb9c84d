"""Which customers: conditions over the scores table, the fields they may name, and consent."""
