"""Making the pages that installers read, whenever a project changes."""
