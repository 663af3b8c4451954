"""Lines and zones drawn on the picture: the component in the browser, and what becomes of a draft."""
