"""How a stack file is read: values and their formats, models, problems and their messages."""
