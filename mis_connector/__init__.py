"""House-call API, store and outbox, one driver per MIS, the sandbox MIS."""
