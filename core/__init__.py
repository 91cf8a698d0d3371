"""Words all rooms share: settings, events, errors, masking logs, metrics, service and client frames."""
