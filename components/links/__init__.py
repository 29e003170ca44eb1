"""Links: credentials, service mirrors, exports, traffic."""
