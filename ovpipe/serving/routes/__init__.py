"""Which graph answers which method and path: routes as graphs declare them, checked, and looked up."""
