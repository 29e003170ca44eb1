"""What changes a mesh over its life beside `pulumi up`: where it is in a change, what is missing."""
