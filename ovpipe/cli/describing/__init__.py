"""What `ovpipe describe` and `ovpipe list` show, from the classes and the files themselves."""
