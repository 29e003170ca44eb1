"""The root of all errors that a user reads.

The tree; each class is defined where it is raised:

    MeshError
    ├── StackFileError           config/language/problems.py: a stack file cannot be used
    ├── MissingChartsError       charts/source.py: a chart is not in its folder or repository
    │   └── UnreachableChartsError   charts/choice.py: a repository does not answer
    ├── DigestError              charts/pins.py: a chart is not the one that the stack file pins
    ├── KubeconfigError          kube/errors.py: no cluster can be reached by a kubeconfig
    ├── ClusterError             preflight/cluster_error.py: clusters cannot be used
    ├── RefusedError             checks/facts/reading.py: an API server refuses a request
    ├── ManifestError            components/core/manifests.py: a published manifest is unusable
    ├── UnsupportedCertificateError  tls_provider/errors.py: only Pulumi's provider tls makes it
    ├── RenderError              render/errors.py: the program cannot be rendered
    ├── BuildError               machine/errors.py: a program is not available
    │   ├── GoUnavailableError       the Go toolchain is missing or too old
    │   └── ToolBuildError           a program does not build
    ├── LocalClusterError        local_clusters/errors.py: a local cluster fails
    │   ├── ClusterStartError        a process does not start
    │   └── StartCancelledError      the user interrupted the start
    ├── LostKeyError             lifecycle/importing/anchors.py: the key that signs is lost
    ├── RecoveryError            lifecycle/recovery/errors.py: an interrupted run cannot be repaired
    ├── RestartError             lifecycle/restarts/act.py: a workload does not restart
    ├── RotationError            lifecycle/rotation/step.py: a rotation cannot go on by itself
    ├── UpgradeError             lifecycle/upgrade/edit.py: an upgrade cannot go on by itself
    ├── SessionError             verify/session.py: `./mesh verify` cannot start or end
    └── VerbError                cli/errors.py: a verb of `./mesh` cannot go on
        └── EngineUnavailableError   cli/engine/engine.py: Pulumi is not installed
"""

from __future__ import annotations

FAILED = 1
"""Exit code: something could not be done, or a check failed."""
BAD_INPUT = 2
"""Exit code: a stack file, a name or an option cannot be used; nothing was tried."""
UNPROVEN = 3
"""Exit code: nothing failed, but what was asked for could not be tried."""
INTERRUPTED = 130
"""Exit code: the user interrupted it."""


class MeshError(Exception):
    """An error with a message that names the place, and a remedy.

    Attributes:
        message: what is wrong, one or more plain sentences; no secret is in it.
        remedy: what to do; empty where there is nothing to do.
        exit_code: exit code of a verb of `./mesh` that ends with it.
    """

    exit_code: int = FAILED

    def __init__(self, message: str, remedy: str = "", exit_code: int | None = None) -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy
        if exit_code is not None:
            self.exit_code = exit_code

    def __str__(self) -> str:
        """Message and remedy, one below the other."""
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message
