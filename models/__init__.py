"""Estimators of churn, potential and lifetime value, and the bundle that carries them. No pickle anywhere."""
