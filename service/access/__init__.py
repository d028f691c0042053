"""Who may do what: scopes, roles, tokens, passwords and origins, as pure rules."""
