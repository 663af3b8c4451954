"""Parts of pages that are drawn in the browser."""
