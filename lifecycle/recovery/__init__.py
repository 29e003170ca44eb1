"""What `./mesh recover` does: find what an interrupted run left stuck, and repair it.

Facts, measured with Pulumi 3.260 and pulumi-kubernetes 4.32: SIGKILL leaves the stack's lock and
empty files (in a backend of files), pending operations in the state, Helm releases in a pending
state whose name cannot be used again, and objects that the state does not have, whose creation then
fails.
"""

from lifecycle.recovery.engine import Answer, Engine, patient
from lifecycle.recovery.errors import RecoveryError
from lifecycle.recovery.half_made import HalfMade, half_made
from lifecycle.recovery.repair import finish, repair
from lifecycle.recovery.stuck import Idle, Stuck, idle, stuck
from lifecycle.recovery.torn import torn

__all__ = [
    "Answer",
    "Engine",
    "HalfMade",
    "Idle",
    "RecoveryError",
    "Stuck",
    "finish",
    "half_made",
    "idle",
    "patient",
    "repair",
    "stuck",
    "torn",
]
