"""A company with known truth: customers, orders, feedback, contacts and campaigns whose laws are written down.

`simulate` returns tables of the data contract and the truth in memory; `write_simulation` writes them to a folder,
customer block by customer block, so that ten million customers need no more memory than fifty thousand.
"""

from benchmarks.simulator.engine import simulate
from benchmarks.simulator.settings import CampaignPlan, Issue, SimulationSettings
from benchmarks.simulator.writing import check_folder, simulate_demo, write_simulation

__all__ = [
    "CampaignPlan",
    "Issue",
    "SimulationSettings",
    "check_folder",
    "simulate",
    "simulate_demo",
    "write_simulation",
]
