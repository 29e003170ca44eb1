"""The pods of `./mesh verify`: their objects, their agent, their logs."""
