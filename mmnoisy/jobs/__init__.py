"""What the command and :mod:`mmnoisy.api` do with a user's own data. Each module is imported where it is needed."""
