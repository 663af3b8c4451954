"""The panel: what people see of the machine in a browser, on the same application as the API."""
