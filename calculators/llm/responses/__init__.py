"""How an answer is written: as server-sent events or as one JSON body."""
