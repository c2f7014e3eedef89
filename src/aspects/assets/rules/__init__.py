"""The rules of `assets.check`. A module is a family; its page is `docs/rules/<family>.md`."""
