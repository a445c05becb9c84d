"""What a file of a shop holds: which table, which columns, how dates and numbers are written (`holdfast init`)."""

from features.discovery.found import Comment, Option, Proposal, Question
from features.discovery.profile import looking
from features.discovery.propose import find_files, look_at, propose
from features.discovery.settings_text import settings_text
from features.discovery.trial import Understood, understand

__all__ = [
    "Comment",
    "Option",
    "Proposal",
    "Question",
    "Understood",
    "find_files",
    "look_at",
    "looking",
    "propose",
    "settings_text",
    "understand",
]
