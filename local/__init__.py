"""The embedded AWS back end; for development only, never part of the deployment zip."""
