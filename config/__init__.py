"""The stack file: its models, its validation and its JSON Schema."""

from config.core.mesh import MeshConfig
from config.language.problems import Problem, StackFileError
from config.load import PROJECT, load_settings, load_stack_file

__all__ = [
    "PROJECT",
    "MeshConfig",
    "Problem",
    "StackFileError",
    "load_settings",
    "load_stack_file",
]
