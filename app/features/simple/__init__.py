"""The Simple repository API: the pages installers read."""
