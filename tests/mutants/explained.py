"""Rules that no upload can show, with the reason; each is tested where it stands."""

# By the path of the module and the label of the rule.
EXPLAINED: dict[tuple[str, str], str] = {}
