"""Who a customer is: attributes, life cycle, membership, product lines, and the dimensions with their tiers."""
