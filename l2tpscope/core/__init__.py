"""What every layer may use: serial arithmetic, open enumerations, anomalies. Imports nothing of ours."""
