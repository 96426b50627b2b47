"""The first pages a person sees."""
