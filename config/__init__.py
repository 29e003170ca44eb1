"""The stack file: its models, its validation, its JSON Schema. Imports nothing else of ours."""

from config.loader import PROJECT, load_settings, load_stack_file
from config.mesh import MeshConfig
from config.problems import Problem, StackFileError

__all__ = [
    "PROJECT",
    "MeshConfig",
    "Problem",
    "StackFileError",
    "load_settings",
    "load_stack_file",
]
