"""transformers reads these when it is imported: nothing is fetched, and it does not say that torch is missing."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_NO_ADVISORY_WARNINGS"] = "1"
