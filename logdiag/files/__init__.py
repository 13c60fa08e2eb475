"""Files: the cache, outputs that are whole or absent, unique names, and the data of the package."""
