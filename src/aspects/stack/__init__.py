"""The services of the platform as processes on this machine: embedded mode."""
