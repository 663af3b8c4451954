"""The same model in fewer bits: made by calibration on somebody's own footage, and what it is worth there."""
