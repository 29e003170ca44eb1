"""Contracts with the programs that read what is written here.

A row says what is written, who reads it, in which form, and the source of that; its predicate
separates values that the reader accepts from those that it refuses. Data and pure functions, which
import nothing of the project.
"""

from contracts.contract import CURRENT, V2_8, Complaint, Contract, Made, Subject
from contracts.table import CONTRACTS, PARTS, contracts_of

__all__ = [
    "CONTRACTS",
    "CURRENT",
    "PARTS",
    "V2_8",
    "Complaint",
    "Contract",
    "Made",
    "Subject",
    "contracts_of",
]
