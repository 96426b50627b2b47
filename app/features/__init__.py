"""One package a feature; a feature is a blueprint, its service and its forms."""
