"""The pages, one module each; a page is ``build(visitor, …)``, called inside the frame."""
