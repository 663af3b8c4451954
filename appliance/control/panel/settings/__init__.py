"""The parts of the settings page: the site's file, its revisions, tokens, the audit log, facts."""
