"""The default model's file lies here."""
