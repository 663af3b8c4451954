"""What the machine runs on: thermometers and power meters, a Jetson, NVIDIA's GPUs."""
