"""Whom to contact, how and by when: work list, contact plan, next product, segments and audiences."""
