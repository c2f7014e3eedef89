"""What an LMS knows, into ClickHouse: the sinks of platform-plugin-aspects over course exports and files."""
