"""What `./mesh verify` asks and how answers are judged."""
