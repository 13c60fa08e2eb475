"""What has changed between two diagnoses: a baseline, the difference of two findings files."""
