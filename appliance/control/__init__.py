"""The control plane: what an operator and a program can see and change over HTTP."""
