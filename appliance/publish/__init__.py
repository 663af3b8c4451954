"""Counts leave the box: MQTT, from the ledger to a broker, and none is lost."""
