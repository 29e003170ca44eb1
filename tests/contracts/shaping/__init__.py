"""Which values of the published charts change what the inventory says of a release.

``python -m tests.contracts.shaping DIR`` changes every value of every chart in a folder of
published charts in turn, renders it as the program installs it, and compares kinds, names,
namespaces, ports, ServiceAccounts, labels of pods, host network and Secrets with what it renders
unchanged. The table that it writes is `config/inventory/values/shaping.json`: paths, defaults and
what changes, and the names of objects in no namespace that a chart makes, as it is installed or
with one of its switches turned. Charts that the folder lacks are left as they are in the table.
"""
